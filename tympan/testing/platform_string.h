/* CFString: making and reading; included once, by _platform.pyx. Changing: platform_string_edit.h. */

typedef struct string_object {
    tympan_object base;
    UniChar *units;
    _Atomic CFIndex length;
    CFIndex room;      /* of units, in a mutable one */
    CFIndex limit;     /* the longest a mutable one may get; 0: any */
    char *utf8;        /* of an immutable one: never changes, so pointers to it stay good */
    CFIndex utf8_size;
} string_object;

static atomic_int hide_string_pointers;

void tympan_string_hide_pointers(int hide)
{
    hide_string_pointers = hide;
}

static void string_free(tympan_object *object)
{
    string_object *string = (string_object *)object;
    free(string->units);
    free(string->utf8);
}

static size_t string_weigh(tympan_object *object)
{
    return memory_of(((string_object *)object)->units) + memory_of(((string_object *)object)->utf8);
}

/* Not yet published. */
static void *string_object_make(const UniChar *units, CFIndex length, int flags, tympan_call call)
{
    string_object *string = object_create(TYMPAN_STRING, flags, sizeof *string, call);
    string->room = length > 16 ? length : 16;
    string->units = malloc((size_t)string->room * sizeof(UniChar));
    if (!string->units)
        abort();
    memcpy(string->units, units, (size_t)length * sizeof(UniChar));
    string->length = length;
    if (!(flags & IS_MUTABLE))
        string->utf8 = text_utf8(units, length, &string->utf8_size);
    return string;
}

static CFStringRef string_make(const UniChar *units, CFIndex length, tympan_call call)
{
    return object_publish(string_object_make(units, length, 0, call));
}

static CFStringRef string_decode(const UInt8 *bytes, CFIndex size, CFStringEncoding encoding, int external,
                                 tympan_call call)
{
    UniChar *units;
    CFIndex length = text_decode(encoding, bytes, size, external, &units);
    CFStringRef string = length < 0 ? NULL : string_make(units, length, call);
    free(units);
    return string;
}

static CFStringRef string_of_text(const char *utf8, tympan_call call)
{
    return string_decode((const UInt8 *)utf8, (CFIndex)strlen(utf8), kCFStringEncodingUTF8, 0, call);
}

/* A copy of what a string holds now, or NULL; free it. */
static UniChar *string_copy_units(string_object *string, CFIndex *length, tympan_call call)
{
    int entered = contents_read(&string->base, call);
    *length = string->length;
    UniChar *units = malloc(((size_t)*length + 1) * sizeof(UniChar));
    if (!units)
        abort();
    memcpy(units, string->units, (size_t)*length * sizeof(UniChar));
    contents_leave(&string->base, entered);
    return units;
}

/* --- making ----------------------------------------------------------------------- */

CFTypeID CFStringGetTypeID(void)
{
    return type_of(TYMPAN_STRING);
}

/* NULL, as CoreFoundation answers, for bytes that are not text in that encoding. */
CFStringRef CFStringCreateWithCString(CFAllocatorRef allocator, const char *text, CFStringEncoding encoding)
{
    allocator_check(allocator, CALL);
    enum text_form form = form_of(encoding);
    if (!text || form == FORM_UTF16 || form == FORM_UTF32)
        return NULL;
    return string_decode((const UInt8 *)text, (CFIndex)strlen(text), encoding, 0, CALL);
}

CFStringRef CFStringCreateWithBytes(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex size,
                                    CFStringEncoding encoding, Boolean external)
{
    allocator_check(allocator, CALL);
    if (!size_is(size, "size", CALL) || (!bytes && size))
        return NULL;
    return string_decode(bytes, size, encoding, external, CALL);
}

CFStringRef CFStringCreateWithCharacters(CFAllocatorRef allocator, const UniChar *text, CFIndex length)
{
    allocator_check(allocator, CALL);
    if (!size_is(length, "length", CALL) || (!text && length))
        return NULL;
    return string_make(text, length, CALL);
}

/* An immutable string is its own copy. */
CFStringRef CFStringCreateCopy(CFAllocatorRef allocator, CFStringRef string)
{
    allocator_check(allocator, CALL);
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    if (!object)
        return NULL;
    if (!(object->base.flags & IS_MUTABLE))
        return object_retain(string, CALL);
    CFIndex length;
    UniChar *units = string_copy_units(object, &length, CALL);
    CFStringRef copy = string_make(units, length, CALL);
    free(units);
    return copy;
}

CFStringRef CFStringCreateWithSubstring(CFAllocatorRef allocator, CFStringRef string, CFRange range)
{
    allocator_check(allocator, CALL);
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    if (!object)
        return NULL;
    CFIndex length;
    UniChar *units = string_copy_units(object, &length, CALL);
    CFStringRef part = range_inside(range, length, &object->base, CALL)
                     ? string_make(units + range.location, range.length, CALL) : NULL;
    free(units);
    return part;
}

/* --- reading ------------------------------------------------------------------------ */

CFIndex CFStringGetLength(CFStringRef string)
{
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    return object ? object->length : 0;
}

UniChar CFStringGetCharacterAtIndex(CFStringRef string, CFIndex index)
{
    UniChar unit = 0;
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    int entered = object && contents_read(&object->base, CALL);
    if (object && range_inside(CFRangeMake(index, 1), object->length, &object->base, CALL))
        unit = object->units[index];
    contents_leave(&object->base, entered);
    return unit;
}

void CFStringGetCharacters(CFStringRef string, CFRange range, UniChar *buffer)
{
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    int entered = object && contents_read(&object->base, CALL);
    if (object && buffer && range_inside(range, object->length, &object->base, CALL))
        memcpy(buffer, object->units + range.location, (size_t)range.length * sizeof(UniChar));
    contents_leave(&object->base, entered);
}

/* The documentation allows NULL at any time, and strings of one byte per character have no such pointer. */
const UniChar *CFStringGetCharactersPtr(CFStringRef string)
{
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    int has = object && object->utf8 && object->utf8_size != object->length && !hide_string_pointers;
    return has ? object->units : NULL;
}

/* NULL for what CoreFoundation does not store as bytes with a final 0 (not ASCII, or mutable), or stores inside the
 * reference itself (short strings that were created: up to 11 characters). */
const char *CFStringGetCStringPtr(CFStringRef string, CFStringEncoding encoding)
{
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    enum text_form form = form_of(encoding);
    if (!object || !object->utf8 || object->utf8_size != object->length || memchr(object->utf8, 0, (size_t)object->utf8_size))
        return NULL;
    int is_constant = object->base.flags & IS_IMMORTAL;
    if (!is_constant && (hide_string_pointers || object->length <= 11))
        return NULL;
    return form == FORM_ASCII || form == FORM_LATIN1 || form == FORM_UTF8 ? object->utf8 : NULL;
}

/* All of it and a final 0, or nothing. */
Boolean CFStringGetCString(CFStringRef string, char *buffer, CFIndex size, CFStringEncoding encoding)
{
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    enum text_form form = form_of(encoding);
    if (!object || !buffer || size <= 0 || form == FORM_NONE || form == FORM_UTF16 || form == FORM_UTF32)
        return 0;
    CFIndex used;
    int entered = contents_read(&object->base, CALL);
    CFIndex done = text_encode(object->units, object->length, encoding, 0, 0, NULL, size - 1, &used);
    int all = done == object->length;
    if (all) {
        text_encode(object->units, done, encoding, 0, 0, (UInt8 *)buffer, size - 1, &used);
        buffer[used] = 0;
    }
    contents_leave(&object->base, entered);
    return (Boolean)all;
}

CFIndex CFStringGetBytes(CFStringRef string, CFRange range, CFStringEncoding encoding, UInt8 loss, Boolean external,
                         UInt8 *buffer, CFIndex size, CFIndex *used)
{
    CFIndex done = 0, bytes = 0;
    string_object *object = checked(string, TYMPAN_STRING, CALL);
    int entered = object && contents_read(&object->base, CALL);
    if (object && range_inside(range, object->length, &object->base, CALL))
        done = text_encode(object->units + range.location, range.length, encoding, loss, external, buffer,
                           buffer ? size : CONSTANT_LONGEST * 4, &bytes);
    contents_leave(&object->base, entered);
    if (used)
        *used = bytes;
    return done;
}

CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding)
{
    static const CFIndex each[] = {0, 1, 1, 3, 2, 4};
    CFIndex size = each[form_of(encoding)];
    return !size || length < 0 || length > LONG_MAX / size ? kCFNotFound : length * size;
}

/* --- numbers ------------------------------------------------------------------------- */

/* The ASCII beginning of a string behind white space, for strtol and strtod; "" unless it begins with a number. */
static void string_number_text(CFStringRef string, char *text, size_t size, tympan_call call)
{
    string_object *object = checked(string, TYMPAN_STRING, call);
    size_t at = 0;
    CFIndex length = 0, from = 0;
    UniChar *units = object ? string_copy_units(object, &length, call) : NULL;
    while (from < length && (units[from] == ' ' || (units[from] >= 9 && units[from] <= 13)))
        from++;
    for (; from < length && units[from] < 0x80 && at < size - 1; from++)
        text[at++] = (char)units[from];
    text[at] = 0;
    const char *digits = text + (*text == '-' || *text == '+');
    digits += *digits == '.';
    if (*digits < '0' || *digits > '9' || (*digits == '0' && (digits[1] | 32) == 'x'))
        text[0] = 0; /* hexadecimal numbers are none here */
    free(units);
}

SInt32 CFStringGetIntValue(CFStringRef string)
{
    char text[64];
    string_number_text(string, text, sizeof text, CALL);
    long long value = strtoll(text, NULL, 10);
    return (SInt32)(value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : value);
}

double CFStringGetDoubleValue(CFStringRef string)
{
    char text[400];
    string_number_text(string, text, sizeof text, CALL);
    return strtod(text, NULL);
}

/* --- comparing ------------------------------------------------------------------------ */

static int is_digit(UniChar unit)
{
    return unit >= '0' && unit <= '9';
}

/* Lower case of ASCII and Latin 1; other letters have none here. */
static UniChar folded(UniChar unit)
{
    int upper = (unit >= 'A' && unit <= 'Z') || (unit >= 0xC0 && unit <= 0xDE && unit != 0xD7);
    return upper ? unit + 32 : unit;
}

/* The value of the digits at *at, which moves behind them. */
static double digits_value(const UniChar *units, CFIndex length, CFIndex *at)
{
    double value = 0;
    while (*at < length && is_digit(units[*at]))
        value = value * 10 + (units[(*at)++] - '0');
    return value;
}

static CFComparisonResult units_compare(const UniChar *a, CFIndex m, const UniChar *b, CFIndex n, CFOptionFlags options)
{
    CFIndex i = 0, j = 0;
    while (i < m && j < n) {
        if (options & kCFCompareNumerically && is_digit(a[i]) && is_digit(b[j])) {
            double x = digits_value(a, m, &i), y = digits_value(b, n, &j);
            if (x != y)
                return x < y ? kCFCompareLessThan : kCFCompareGreaterThan;
            continue;
        }
        UniChar x = a[i++], y = b[j++];
        if (options & kCFCompareCaseInsensitive)
            x = folded(x), y = folded(y);
        if (x != y)
            return x < y ? kCFCompareLessThan : kCFCompareGreaterThan;
    }
    return i < m ? kCFCompareGreaterThan : j < n ? kCFCompareLessThan : kCFCompareEqualTo;
}

/* Options: kCFCompareCaseInsensitive and kCFCompareNumerically; others are ignored. */
static CFComparisonResult string_compare(string_object *x, string_object *y, CFOptionFlags options, tympan_call call)
{
    int in_x = contents_read(&x->base, call), in_y = x == y ? 0 : contents_read(&y->base, call);
    CFComparisonResult result = units_compare(x->units, x->length, y->units, y->length, options);
    contents_leave(&y->base, in_y);
    contents_leave(&x->base, in_x);
    return result;
}

CFComparisonResult CFStringCompare(CFStringRef a, CFStringRef b, CFStringCompareFlags options)
{
    string_object *x = checked(a, TYMPAN_STRING, CALL), *y = checked(b, TYMPAN_STRING, CALL);
    if (!x || !y)
        return x ? kCFCompareGreaterThan : y ? kCFCompareLessThan : kCFCompareEqualTo;
    return string_compare(x, y, options, CALL);
}

/* Whether `part` is in `whole` at `at`. */
static int units_at(const UniChar *whole, CFIndex length, CFIndex at, const UniChar *part, CFIndex size, CFOptionFlags o)
{
    return at >= 0 && size <= length - at &&
           units_compare(whole + at, size, part, size, o & (CFOptionFlags)kCFCompareCaseInsensitive) == 0;
}

/* Where `part` is in `string`, or kCFNotFound. */
static CFIndex string_search(CFStringRef string, CFStringRef part, CFOptionFlags options, CFIndex *size, tympan_call call)
{
    string_object *x = checked(string, TYMPAN_STRING, call), *y = checked(part, TYMPAN_STRING, call);
    CFIndex length, found = kCFNotFound;
    if (!x || !y)
        return found;
    UniChar *whole = string_copy_units(x, &length, call), *units = string_copy_units(y, size, call);
    CFIndex last = length - *size, backwards = options & kCFCompareBackwards ? 1 : 0;
    CFIndex tries = options & kCFCompareAnchored ? 1 : last + 1;
    for (CFIndex k = 0; k < tries && found < 0; k++)
        if (units_at(whole, length, backwards ? last - k : k, units, *size, options))
            found = backwards ? last - k : k;
    free(whole);
    free(units);
    return found;
}

Boolean CFStringHasPrefix(CFStringRef string, CFStringRef prefix)
{
    CFIndex size;
    return string_search(string, prefix, kCFCompareAnchored, &size, CALL) >= 0;
}

Boolean CFStringHasSuffix(CFStringRef string, CFStringRef suffix)
{
    CFIndex size;
    return string_search(string, suffix, kCFCompareAnchored | kCFCompareBackwards, &size, CALL) >= 0;
}

/* {kCFNotFound, 0} when it is not there; nothing is found in anything. */
CFRange CFStringFind(CFStringRef string, CFStringRef part, CFStringCompareFlags options)
{
    CFIndex size = 0, found = string_search(string, part, options, &size, CALL);
    return found < 0 || !size ? CFRangeMake(kCFNotFound, 0) : CFRangeMake(found, size);
}

/* --- as an object --------------------------------------------------------------------- */

static int string_equal(tympan_object *a, tympan_object *b, tympan_call call)
{
    return string_compare((string_object *)a, (string_object *)b, 0, call) == kCFCompareEqualTo;
}

static CFHashCode string_hash(tympan_object *object, tympan_call call)
{
    string_object *string = (string_object *)object;
    CFHashCode hash = 5381;
    int entered = contents_read(object, call);
    for (CFIndex i = 0; i < string->length; i++)
        hash = hash * 33 + string->units[i];
    contents_leave(object, entered);
    return hash;
}

static void string_describe(tympan_object *object, char *text, size_t size)
{
    string_object *string = (string_object *)object;
    if (string->utf8)
        snprintf(text, size, "CFString \"%.80s\"", string->utf8);
    else
        snprintf(text, size, "CFMutableString of %ld", string->length);
}
