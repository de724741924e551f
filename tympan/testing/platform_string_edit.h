/* CFMutableString; included once, by _platform.pyx. */

/* Not yet published; `limit` 0: it may get any length. */
static CFMutableStringRef string_make_mutable(const UniChar *units, CFIndex length, CFIndex limit, tympan_call call)
{
    string_object *string = string_object_make(units, length, IS_MUTABLE, call);
    string->limit = limit;
    return (CFMutableStringRef)object_publish(string);
}

CFMutableStringRef CFStringCreateMutable(CFAllocatorRef allocator, CFIndex limit)
{
    allocator_check(allocator, CALL);
    return size_is(limit, "limit", CALL) ? string_make_mutable(u"", 0, limit, CALL) : NULL;
}

CFMutableStringRef CFStringCreateMutableCopy(CFAllocatorRef allocator, CFIndex limit, CFStringRef string)
{
    allocator_check(allocator, CALL);
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    if (!object || !size_is(limit, "limit", CALL))
        return NULL;
    CFIndex length;
    UniChar *units = string_copy_units(object, &length, CALL);
    CFMutableStringRef copy = string_make_mutable(units, length, limit, CALL);
    free(units);
    return copy;
}

/* With the contents locked. */
static int string_fits(string_object *string, CFIndex length, tympan_call call)
{
    if (string->limit && length > string->limit) {
        problem(TYMPAN_RANGE, call, "%s: %ld characters do not fit into a CFMutableString limited to %ld", call.name,
                length, string->limit);
        return 0;
    }
    if (length > string->room) {
        string->room = length * 2;
        string->units = realloc(string->units, (size_t)string->room * sizeof(UniChar));
        if (!string->units)
            abort();
    }
    return 1;
}

/* Puts `count` units where `range` is. */
static void string_splice(CFMutableStringRef reference, CFRange range, const UniChar *units, CFIndex count, int at_end,
                          tympan_call call)
{
    string_object *string = checked_mutable(reference, TYMPAN_STRING, call);
    if (!string || !contents_write(&string->base, call))
        return;
    CFIndex length = string->length;
    if (at_end)
        range = CFRangeMake(length, 0);
    if (range_inside(range, length, &string->base, call) && string_fits(string, length - range.length + count, call)) {
        CFIndex tail = length - range.location - range.length;
        UniChar *place = string->units + range.location;
        memmove(place + count, place + range.length, (size_t)tail * sizeof(UniChar));
        memcpy(place, units, (size_t)count * sizeof(UniChar));
        string->length = length - range.length + count;
    }
    contents_leave(&string->base, 1);
}

static void string_splice_string(CFMutableStringRef string, CFRange range, CFStringRef text, int at_end, tympan_call call)
{
    string_object *object = checked(text, TYMPAN_STRING, call);
    if (!object)
        return;
    CFIndex length;
    UniChar *units = string_copy_units(object, &length, call);
    string_splice(string, range, units, length, at_end, call);
    free(units);
}

void CFStringAppend(CFMutableStringRef string, CFStringRef tail)
{
    string_splice_string(string, CFRangeMake(0, 0), tail, 1, CALL);
}

void CFStringAppendCString(CFMutableStringRef string, const char *text, CFStringEncoding encoding)
{
    UniChar *units = NULL;
    CFIndex length = text ? text_decode(encoding, (const UInt8 *)text, (CFIndex)strlen(text), 0, &units) : -1;
    if (length >= 0)
        string_splice(string, CFRangeMake(0, 0), units, length, 1, CALL);
    else
        problem(TYMPAN_MISUSE, CALL, "CFStringAppendCString of bytes that are no text in the encoding %#x", encoding);
    free(units);
}

void CFStringAppendCharacters(CFMutableStringRef string, const UniChar *text, CFIndex length)
{
    if (size_is(length, "length", CALL))
        string_splice(string, CFRangeMake(0, 0), text, length, 1, CALL);
}

void CFStringInsert(CFMutableStringRef string, CFIndex index, CFStringRef text)
{
    string_splice_string(string, CFRangeMake(index, 0), text, 0, CALL);
}

void CFStringDelete(CFMutableStringRef string, CFRange range)
{
    string_splice(string, range, u"", 0, 0, CALL);
}

void CFStringReplace(CFMutableStringRef string, CFRange range, CFStringRef text)
{
    string_splice_string(string, range, text, 0, CALL);
}

void CFStringReplaceAll(CFMutableStringRef string, CFStringRef text)
{
    string_object *object = checked_mutable(string, TYMPAN_STRING, CALL);
    if (object)
        string_splice_string(string, CFRangeMake(0, object->length), text, 0, CALL);
}
