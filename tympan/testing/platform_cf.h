/* CoreFoundation strings, UUIDs and URLs over platform_objects.h; included once, by _platform.pyx. */

/* UTF-16 units of a UTF-8 text, or -1 when it is not valid UTF-8. */
static CFIndex utf8_units(const unsigned char *text, CFIndex bytes)
{
    CFIndex units = 0;
    for (CFIndex i = 0; i < bytes; units++) {
        unsigned char lead = text[i++];
        int more = lead < 0x80 ? 0 : lead >= 0xC2 && lead < 0xE0 ? 1 : lead >= 0xE0 && lead < 0xF0 ? 2
                 : lead >= 0xF0 && lead < 0xF5 ? 3 : -1;
        if (more < 0 || i + more > bytes)
            return -1;
        uint32_t code = more == 0 ? lead : lead & (0x3Fu >> more);
        for (int k = 0; k < more; k++, i++) {
            if ((text[i] & 0xC0) != 0x80)
                return -1;
            code = code << 6 | (text[i] & 0x3Fu);
        }
        if ((more == 2 && code < 0x800) || (more == 3 && code < 0x10000) || code > 0x10FFFF ||
            (code >= 0xD800 && code < 0xE000))
            return -1;
        units += more == 3; /* a surrogate pair */
    }
    return units;
}

static tympan_object *checked(CFTypeRef cf, int kind, const char *call)
{
    tympan_object *object = object_check(cf, call);
    if (object && kind && object->kind != kind) {
        ledger_problem("%s of a %s", call, KIND_NAMES[object->kind]);
        return NULL;
    }
    return object;
}

CFTypeRef CFRetain(CFTypeRef cf)
{
    object_retain(cf, "CFRetain");
    return cf;
}

void CFRelease(CFTypeRef cf)
{
    object_release(cf, "CFRelease");
}

CFTypeID CFGetTypeID(CFTypeRef cf)
{
    tympan_object *object = checked(cf, 0, "CFGetTypeID");
    return object ? (CFTypeID)object->kind : 0;
}

CFTypeID CFStringGetTypeID(void)
{
    return TYMPAN_STRING;
}

Boolean CFEqual(CFTypeRef a, CFTypeRef b)
{
    tympan_object *x = checked(a, 0, "CFEqual"), *y = checked(b, 0, "CFEqual");
    if (!x || !y || x == y)
        return x == y && x;
    return x->kind == y->kind && x->kind != TYMPAN_QUEUE && x->bytes == y->bytes &&
           memcmp(x->text, y->text, (size_t)x->bytes) == 0 && memcmp(x->uuid, y->uuid, 16) == 0;
}

/* ASCII and UTF-8; NULL, as CoreFoundation answers, for bytes that are not text in that encoding. */
CFStringRef CFStringCreateWithCString(CFAllocatorRef allocator, const char *text, CFStringEncoding encoding)
{
    (void)allocator;
    if (!text || (encoding != kCFStringEncodingUTF8 && encoding != kCFStringEncodingASCII))
        return NULL;
    CFIndex bytes = (CFIndex)strlen(text);
    CFIndex units = utf8_units((const unsigned char *)text, bytes);
    if (units < 0 || (encoding == kCFStringEncodingASCII && units != bytes))
        return NULL;
    tympan_object *object = object_create(TYMPAN_STRING, text, bytes);
    if (object)
        object->utf16 = units;
    return (CFStringRef)object;
}

Boolean CFStringGetCString(CFStringRef string, char *buffer, CFIndex size, CFStringEncoding encoding)
{
    tympan_object *object = checked(string, TYMPAN_STRING, "CFStringGetCString");
    if (!object || !buffer || size <= object->bytes)
        return 0;
    if (encoding != kCFStringEncodingUTF8 && (encoding != kCFStringEncodingASCII || object->utf16 != object->bytes))
        return 0;
    memcpy(buffer, object->text, (size_t)object->bytes + 1);
    return 1;
}

CFIndex CFStringGetLength(CFStringRef string)
{
    tympan_object *object = checked(string, TYMPAN_STRING, "CFStringGetLength");
    return object ? object->utf16 : 0;
}

/* The order of UTF-16 units: code points of four UTF-8 bytes are surrogates there, which come before U+E000. */
static int unit_rank(int byte)
{
    return byte >= 0xF0 ? byte - 2 : byte >= 0xEE ? byte + 5 : byte;
}

static int fold(int byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;
}

/* Options: kCFCompareCaseInsensitive (1), for ASCII letters; others are ignored. */
CFComparisonResult CFStringCompare(CFStringRef a, CFStringRef b, CFStringCompareFlags options)
{
    tympan_object *x = checked(a, TYMPAN_STRING, "CFStringCompare");
    tympan_object *y = checked(b, TYMPAN_STRING, "CFStringCompare");
    if (!x || !y)
        return x ? 1 : y ? -1 : 0;
    for (CFIndex i = 0; i <= x->bytes && i <= y->bytes; i++) {
        int p = (unsigned char)x->text[i], q = (unsigned char)y->text[i];
        if (options & 1)
            p = fold(p), q = fold(q);
        if (p != q)
            return unit_rank(p) < unit_rank(q) ? -1 : 1;
    }
    return 0;
}

CFUUIDRef CFUUIDCreateFromUUIDBytes(CFAllocatorRef allocator, CFUUIDBytes bytes)
{
    (void)allocator;
    tympan_object *object = object_create(TYMPAN_UUID, "", 0);
    if (object)
        memcpy(object->uuid, &bytes, 16);
    return (CFUUIDRef)object;
}

CFUUIDBytes CFUUIDGetUUIDBytes(CFUUIDRef uuid)
{
    CFUUIDBytes bytes = {0};
    tympan_object *object = checked(uuid, TYMPAN_UUID, "CFUUIDGetUUIDBytes");
    if (object)
        memcpy(&bytes, object->uuid, 16);
    return bytes;
}

CFURLRef CFURLCreateFromFileSystemRepresentation(CFAllocatorRef allocator, const UInt8 *path, CFIndex length,
                                                 Boolean is_directory)
{
    (void)allocator;
    (void)is_directory;
    if (!path || length <= 0)
        return NULL;
    return (CFURLRef)object_create(TYMPAN_URL, (const char *)path, length);
}
