/* CFData and CFMutableData; included once, by _platform.pyx. */

typedef struct data_object {
    tympan_object base;
    UInt8 *bytes;
    _Atomic CFIndex length;
    CFIndex room, limit; /* of a mutable one; limit 0: any length */
} data_object;

static void data_free(tympan_object *object)
{
    free(((data_object *)object)->bytes);
}

static size_t data_weigh(tympan_object *object)
{
    return memory_of(((data_object *)object)->bytes);
}

static const void *data_make(const UInt8 *bytes, CFIndex length, int flags, CFIndex limit, tympan_call call)
{
    data_object *data = object_create(TYMPAN_DATA, flags, sizeof *data, call);
    data->room = length + 1;
    data->bytes = malloc((size_t)data->room);
    if (!data->bytes)
        abort();
    if (length)
        memcpy(data->bytes, bytes, (size_t)length);
    data->length = length;
    data->limit = limit;
    return object_publish(data);
}

/* A copy of what it holds now; free it. */
static UInt8 *data_copy_bytes(data_object *data, CFIndex *length, tympan_call call)
{
    int entered = contents_read(&data->base, call);
    *length = data->length;
    UInt8 *bytes = malloc((size_t)*length + 1);
    if (!bytes)
        abort();
    memcpy(bytes, data->bytes, (size_t)*length);
    contents_leave(&data->base, entered);
    return bytes;
}

static const void *data_copy(CFDataRef reference, int flags, CFIndex limit, tympan_call call)
{
    data_object *data = checked(reference, TYMPAN_DATA, call);
    if (!data || !size_is(limit, "limit", call))
        return NULL;
    CFIndex length;
    UInt8 *bytes = data_copy_bytes(data, &length, call);
    const void *copy = data_make(bytes, length, flags, limit, call);
    free(bytes);
    return copy;
}

/* --- making --------------------------------------------------------------------------- */

CFTypeID CFDataGetTypeID(void)
{
    return type_of(TYMPAN_DATA);
}

CFDataRef CFDataCreate(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length)
{
    allocator_check(allocator, CALL);
    if (!size_is(length, "length", CALL) || (!bytes && length))
        return NULL;
    return data_make(bytes, length, 0, 0, CALL);
}

/* It does copy, so that nothing here follows memory that a driver has given up; the memory goes to `deallocator`. */
CFDataRef CFDataCreateWithBytesNoCopy(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length,
                                      CFAllocatorRef deallocator)
{
    allocator_check(allocator, CALL);
    if (!size_is(length, "length", CALL) || (!bytes && length))
        return NULL;
    CFDataRef data = data_make(bytes, length, 0, 0, CALL);
    CFAllocatorDeallocate(deallocator, (void *)bytes);
    return data;
}

CFDataRef CFDataCreateCopy(CFAllocatorRef allocator, CFDataRef data)
{
    allocator_check(allocator, CALL);
    tympan_object *object = checked(data, TYMPAN_DATA, CALL);
    if (object && !(object->flags & IS_MUTABLE))
        return object_retain(data, CALL);
    return object ? data_copy(data, 0, 0, CALL) : NULL;
}

CFMutableDataRef CFDataCreateMutable(CFAllocatorRef allocator, CFIndex limit)
{
    allocator_check(allocator, CALL);
    return size_is(limit, "limit", CALL) ? (CFMutableDataRef)data_make(NULL, 0, IS_MUTABLE, limit, CALL) : NULL;
}

CFMutableDataRef CFDataCreateMutableCopy(CFAllocatorRef allocator, CFIndex limit, CFDataRef data)
{
    allocator_check(allocator, CALL);
    return (CFMutableDataRef)data_copy(data, IS_MUTABLE, limit, CALL);
}

/* --- reading ---------------------------------------------------------------------------- */

CFIndex CFDataGetLength(CFDataRef reference)
{
    data_object *data = checked(reference, TYMPAN_DATA, CALL);
    return data ? data->length : 0;
}

const UInt8 *CFDataGetBytePtr(CFDataRef reference)
{
    data_object *data = checked(reference, TYMPAN_DATA, CALL);
    return data ? data->bytes : NULL;
}

UInt8 *CFDataGetMutableBytePtr(CFMutableDataRef reference)
{
    data_object *data = checked_mutable(reference, TYMPAN_DATA, CALL);
    return data ? data->bytes : NULL;
}

void CFDataGetBytes(CFDataRef reference, CFRange range, UInt8 *buffer)
{
    data_object *data = checked(reference, TYMPAN_DATA, CALL);
    int entered = data && contents_read(&data->base, CALL);
    if (data && buffer && range_inside(range, data->length, &data->base, CALL))
        memcpy(buffer, data->bytes + range.location, (size_t)range.length);
    contents_leave(&data->base, entered);
}

/* --- changing ---------------------------------------------------------------------------- */

/* With the contents locked. */
static int data_fits(data_object *data, CFIndex length, tympan_call call)
{
    if (length < 0 || (data->limit && length > data->limit)) {
        problem(TYMPAN_RANGE, call, "%s: %ld bytes do not fit into a CFMutableData limited to %ld", call.name, length,
                data->limit);
        return 0;
    }
    if (length >= data->room) {
        data->room = length * 2 + 1;
        data->bytes = realloc(data->bytes, (size_t)data->room);
        if (!data->bytes)
            abort();
    }
    return 1;
}

/* Puts `count` bytes (zeros, when `bytes` is NULL) where `range` is, or behind the last. */
static void data_splice(CFMutableDataRef reference, CFRange range, const UInt8 *bytes, CFIndex count, int at_end,
                        tympan_call call)
{
    data_object *data = checked_mutable(reference, TYMPAN_DATA, call);
    if (!data || !size_is(count, "length", call) || !contents_write(&data->base, call))
        return;
    CFIndex length = data->length;
    if (at_end)
        range = CFRangeMake(length, 0);
    if (range_inside(range, length, &data->base, call) && data_fits(data, length - range.length + count, call)) {
        UInt8 *place = data->bytes + range.location;
        memmove(place + count, place + range.length, (size_t)(length - range.location - range.length));
        if (bytes)
            memmove(place, bytes, (size_t)count);
        else
            memset(place, 0, (size_t)count);
        data->length = length - range.length + count;
    }
    contents_leave(&data->base, 1);
}

/* What is new is 0. */
void CFDataSetLength(CFMutableDataRef reference, CFIndex length)
{
    data_object *data = checked_mutable(reference, TYMPAN_DATA, CALL);
    if (!data || !size_is(length, "length", CALL))
        return;
    CFIndex now = data->length;
    if (length > now)
        data_splice(reference, CFRangeMake(now, 0), NULL, length - now, 0, CALL);
    else
        data_splice(reference, CFRangeMake(length, now - length), NULL, 0, 0, CALL);
}

void CFDataIncreaseLength(CFMutableDataRef data, CFIndex more)
{
    data_splice(data, CFRangeMake(0, 0), NULL, more, 1, CALL);
}

void CFDataAppendBytes(CFMutableDataRef data, const UInt8 *bytes, CFIndex length)
{
    if (bytes || !length)
        data_splice(data, CFRangeMake(0, 0), bytes, length, 1, CALL);
}

void CFDataReplaceBytes(CFMutableDataRef data, CFRange range, const UInt8 *bytes, CFIndex length)
{
    if (bytes || !length)
        data_splice(data, range, bytes, length, 0, CALL);
}

void CFDataDeleteBytes(CFMutableDataRef data, CFRange range)
{
    data_splice(data, range, NULL, 0, 0, CALL);
}

/* --- as an object -------------------------------------------------------------------------- */

static int data_equal(tympan_object *a, tympan_object *b, tympan_call call)
{
    data_object *x = (data_object *)a, *y = (data_object *)b;
    int in_x = contents_read(a, call), in_y = contents_read(b, call);
    int equal = x->length == y->length && memcmp(x->bytes, y->bytes, (size_t)x->length) == 0;
    contents_leave(b, in_y);
    contents_leave(a, in_x);
    return equal;
}

static CFHashCode data_hash(tympan_object *object, tympan_call call)
{
    CFIndex length;
    UInt8 *bytes = data_copy_bytes((data_object *)object, &length, call);
    CFHashCode hash = 5381;
    for (CFIndex i = 0; i < length && i < 80; i++)
        hash = hash * 33 + bytes[i];
    free(bytes);
    return hash;
}

static void data_write(tympan_object *object, text_builder *builder, tympan_call call)
{
    CFIndex length;
    UInt8 *bytes = data_copy_bytes((data_object *)object, &length, call);
    text_print(builder, "<");
    for (CFIndex i = 0; i < length; i++)
        text_print(builder, "%02x", bytes[i]);
    text_print(builder, ">");
    free(bytes);
}

static void data_describe(tympan_object *object, char *text, size_t size)
{
    CFIndex length = ((data_object *)object)->length;
    snprintf(text, size, "%s of %ld byte%s", name_of(object), length, length == 1 ? "" : "s");
}

/* --- strings as data -------------------------------------------------------------------------- */

CFStringRef CFStringCreateFromExternalRepresentation(CFAllocatorRef allocator, CFDataRef reference,
                                                     CFStringEncoding encoding)
{
    allocator_check(allocator, CALL);
    data_object *data = checked(reference, TYMPAN_DATA, CALL);
    if (!data)
        return NULL;
    CFIndex length;
    UInt8 *bytes = data_copy_bytes(data, &length, CALL);
    CFStringRef string = string_decode(bytes, length, encoding, 1, CALL);
    free(bytes);
    return string;
}

/* NULL when a character has no form in the encoding and `loss` is 0. */
CFDataRef CFStringCreateExternalRepresentation(CFAllocatorRef allocator, CFStringRef string, CFStringEncoding encoding,
                                               UInt8 loss)
{
    allocator_check(allocator, CALL);
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    if (!object)
        return NULL;
    CFIndex length, used;
    UniChar *units = string_copy_units(object, &length, CALL);
    UInt8 *bytes = malloc((size_t)length * 4 + 4);
    int all = bytes && text_encode(units, length, encoding, loss, 1, bytes, length * 4 + 4, &used) == length;
    CFDataRef data = all ? data_make(bytes, used, 0, 0, CALL) : NULL;
    free(bytes);
    free(units);
    return data;
}
