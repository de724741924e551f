/* What all CoreFoundation objects share, and the table of their kinds; included once, by _platform.pyx. */

/* For dispatch objects; in platform_queue.h and platform_source.h. */
static void queue_describe(tympan_object *object, char *text, size_t size);
static void queue_free(tympan_object *object);
static size_t queue_weigh(tympan_object *object);
static void queues_begin(void);
static void source_end(tympan_object *object);
static void semaphore_end(tympan_object *object);

static const object_class CLASSES[TYMPAN_KINDS] = {
    [TYMPAN_NO_OBJECT] = {"object"},
    [TYMPAN_STRING] = {"CFString", NULL, string_free, string_weigh, string_equal, string_hash, string_describe},
    [TYMPAN_UUID] = {"CFUUID", NULL, NULL, NULL, uuid_equal, uuid_hash, uuid_describe},
    [TYMPAN_URL] = {"CFURL", url_end, url_free, url_weigh, url_equal, url_hash, url_describe},
    [TYMPAN_QUEUE] = {"dispatch queue", NULL, queue_free, queue_weigh, NULL, NULL, queue_describe},
    [TYMPAN_NUMBER] = {"CFNumber", NULL, NULL, NULL, number_equal, number_hash, number_describe},
    [TYMPAN_BOOLEAN] = {.name = "CFBoolean", .describe = boolean_describe},
    [TYMPAN_DATA] = {"CFData", NULL, data_free, data_weigh, data_equal, data_hash, data_describe},
    [TYMPAN_ARRAY] = {"CFArray", array_end, array_free, array_weigh, array_equal, container_hash, array_describe},
    [TYMPAN_DICTIONARY] = {"CFDictionary", dictionary_end, dictionary_free, dictionary_weigh, dictionary_equal,
                           container_hash, dictionary_describe},
    [TYMPAN_DATE] = {"CFDate", NULL, NULL, NULL, date_equal, date_hash, date_describe},
    [TYMPAN_NULL] = {.name = "CFNull"},
    [TYMPAN_ERROR] = {.name = "CFError", .end = error_end, .equal = error_equal, .describe = error_describe},
    [TYMPAN_BUNDLE] = {.name = "CFBundle", .describe = bundle_describe},
    [TYMPAN_ALLOCATOR] = {.name = "CFAllocator"},
    [TYMPAN_SOURCE] = {.name = "dispatch source", .end = source_end},
    [TYMPAN_SEMAPHORE] = {.name = "dispatch semaphore", .end = semaphore_end},
};

CFTypeRef CFRetain(CFTypeRef cf)
{
    return object_retain(cf, CALL);
}

void CFRelease(CFTypeRef cf)
{
    object_release(cf, CALL);
}

/* Of what lives for ever it is as large as CoreFoundation's. */
CFIndex CFGetRetainCount(CFTypeRef cf)
{
    tympan_object *object = object_check(cf, CALL);
    return !object ? 0 : object->flags & IS_IMMORTAL ? 0x0FFFFFFFFFFFFFFF : count_in(atomic_load(&object->owners));
}

CFTypeID CFGetTypeID(CFTypeRef cf)
{
    tympan_object *object = object_check(cf, CALL);
    return object ? type_of(object->kind) : 0;
}

CFStringRef CFCopyTypeIDDescription(CFTypeID type)
{
    int kind = (int)type - (int)type_of(0);
    return kind > 0 && kind < TYMPAN_KINDS ? string_of_text(CLASSES[kind].name, CALL) : NULL;
}

/* Objects of different types are never equal; those without a comparison only to themselves. */
static int objects_equal(const void *a, const void *b, tympan_call call)
{
    tympan_object *x = object_check(a, call), *y = object_check(b, call);
    if (!x || !y || x == y)
        return x == y && x;
    return x->kind == y->kind && CLASSES[x->kind].equal && CLASSES[x->kind].equal(x, y, call);
}

Boolean CFEqual(CFTypeRef a, CFTypeRef b)
{
    return (Boolean)objects_equal(a, b, CALL);
}

static CFHashCode object_hash(const void *reference, tympan_call call)
{
    tympan_object *object = object_check(reference, call);
    if (object && CLASSES[object->kind].hash)
        return CLASSES[object->kind].hash(object, call);
    return object ? (CFHashCode)(uintptr_t)reference >> 4 : 0;
}

CFHashCode CFHash(CFTypeRef cf)
{
    return object_hash(cf, CALL);
}

/* The bytes of a live string (UTF-8) or URL (path). */
CFIndex tympan_text_size(const void *address)
{
    char dead[8];
    int kind = tympan_kind_of(address);
    tympan_object *object = kind == TYMPAN_STRING || kind == TYMPAN_URL ? table_find(address, dead, sizeof dead) : NULL;
    if (!object)
        return -1;
    if (kind == TYMPAN_URL)
        return ((url_object *)object)->path ? (CFIndex)strlen(((url_object *)object)->path) : -1;
    CFIndex length, size;
    UniChar *units = string_copy_units((string_object *)object, &length, (tympan_call){"tympan_text_size", NULL});
    free(text_utf8(units, length, &size));
    free(units);
    return size;
}

/* --- allocators ----------------------------------------------------------------------------------- */

static tympan_object default_allocator = IMMORTAL(default_allocator, TYMPAN_ALLOCATOR);
static tympan_object malloc_allocator = IMMORTAL(malloc_allocator, TYMPAN_ALLOCATOR);
static tympan_object null_allocator = IMMORTAL(null_allocator, TYMPAN_ALLOCATOR);

const CFAllocatorRef kCFAllocatorDefault = NULL;
const CFAllocatorRef kCFAllocatorSystemDefault = (CFAllocatorRef)&default_allocator;
const CFAllocatorRef kCFAllocatorMalloc = (CFAllocatorRef)&malloc_allocator;
const CFAllocatorRef kCFAllocatorNull = (CFAllocatorRef)&null_allocator;

CFTypeID CFAllocatorGetTypeID(void)
{
    return type_of(TYMPAN_ALLOCATOR);
}

CFAllocatorRef CFAllocatorGetDefault(void)
{
    return kCFAllocatorSystemDefault;
}

/* Every object is made by the system's allocator, whatever was asked for. */
CFAllocatorRef CFGetAllocator(CFTypeRef cf)
{
    return object_check(cf, CALL) ? kCFAllocatorSystemDefault : NULL;
}

void *CFAllocatorAllocate(CFAllocatorRef allocator, CFIndex size, CFOptionFlags hint)
{
    (void)hint;
    allocator_check(allocator, CALL);
    return size <= 0 || allocator == kCFAllocatorNull ? NULL : malloc((size_t)size);
}

void *CFAllocatorReallocate(CFAllocatorRef allocator, void *memory, CFIndex size, CFOptionFlags hint)
{
    if (!memory || size <= 0) {
        CFAllocatorDeallocate(allocator, memory);
        return CFAllocatorAllocate(allocator, size, hint);
    }
    return allocator == kCFAllocatorNull ? NULL : realloc(memory, (size_t)size);
}

void CFAllocatorDeallocate(CFAllocatorRef allocator, void *memory)
{
    allocator_check(allocator, CALL);
    if (allocator != kCFAllocatorNull)
        free(memory);
}

/* --- what is there from the beginning ----------------------------------------------------------------- */

/* Strings that are constants of CoreFoundation, in the form that compilers give to CFSTR. */
#define CONSTANT(name, text) \
    static constant_string name##_constant = {__CFConstantStringClassReference, 0x7C8, text, sizeof text - 1}; \
    const CFStringRef name = (CFStringRef)&name##_constant

CONSTANT(kCFErrorDomainCocoa, "NSCocoaErrorDomain");
CONSTANT(kCFErrorDomainOSStatus, "NSOSStatusErrorDomain");
CONSTANT(kCFErrorDomainPOSIX, "NSPOSIXErrorDomain");
CONSTANT(kCFBundleIdentifierKey, "CFBundleIdentifier");
CONSTANT(kCFBundleNameKey, "CFBundleName");
CONSTANT(kCFBundleVersionKey, "CFBundleVersion");
CONSTANT(kCFBundleExecutableKey, "CFBundleExecutable");

__attribute__((constructor)) static void platform_begin(void)
{
    tympan_object *there[] = {
        &true_object, &false_object, &null_object, &nan_object.base, &plus_object.base, &minus_object.base,
        &default_allocator, &malloc_allocator, &null_allocator,
    };
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        object_publish(there[i]);
    queues_begin();
}
