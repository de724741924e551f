/*
 * CFStringCreateWithFormat; included once, by _platform.pyx.
 *
 * printf's conversions and %@ (an object) and %S (UTF-16 up to a 0), in the order of the
 * arguments; positions such as %1$@ are written down as a misuse: no driver was seen to use them.
 */

/* One conversion, such as "%-08.3lld". */
typedef struct conversion {
    char spec[40]; /* for snprintf */
    char letter;
    int width, precision, stars, wide; /* wide: 0 int, 1 long, long long and the like, 2 long double */
} conversion;

/* Reads the conversion behind a '%'; the answer points behind it. */
static const char *conversion_read(const char *at, conversion *found)
{
    size_t size = 0;
    *found = (conversion){.spec = "%"};
    for (; *at && strchr("-+ #0'123456789.*hljztqL", *at); at++) {
        found->stars += *at == '*';
        found->wide = *at == 'L' ? 2 : strchr("ljztq", *at) ? 1 : found->wide;
        if (size < sizeof found->spec - 8 && *at != 'q')
            found->spec[++size] = *at;
        else if (*at == 'q')
            found->spec[++size] = 'l', found->spec[++size] = 'l';
    }
    found->letter = *at;
    found->spec[++size] = *at;
    return *at ? at + 1 : at;
}

/* snprintf with the stars' arguments in front. */
#define PRINT(value) \
    (found->stars == 0 ? text_spec(builder, found->spec, value) \
     : found->stars == 1 ? text_spec(builder, found->spec, found->width, value) \
                         : text_spec(builder, found->spec, found->width, found->precision, value))

static void text_spec(text_builder *builder, const char *spec, ...)
{
    va_list arguments, again;
    va_start(arguments, spec);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, spec, arguments);
    char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;
    if (text) {
        vsnprintf(text, (size_t)size + 1, spec, again);
        text_add(builder, text, (size_t)size);
    }
    free(text);
    va_end(again);
    va_end(arguments);
}

static void format_units(text_builder *builder, const UniChar *units)
{
    CFIndex length = 0, size;
    while (units && units[length])
        length++;
    char *text = text_utf8(units, length, &size);
    text_add(builder, text, (size_t)size);
    free(text);
}

/* A va_list that may be passed by reference: as a parameter it is an array on some machines. */
typedef struct argument_list {
    va_list list;
} argument_list;

static void format_one(text_builder *builder, const conversion *found, argument_list *arguments, tympan_call call)
{
    if (strchr("diouxXc", found->letter)) {
        if (found->wide)
            PRINT(va_arg(arguments->list, long long));
        else
            PRINT(va_arg(arguments->list, int));
    } else if (strchr("aAeEfFgG", found->letter)) {
        if (found->wide == 2)
            PRINT(va_arg(arguments->list, long double));
        else
            PRINT(va_arg(arguments->list, double));
    } else if (found->letter == 's') {
        const char *text = va_arg(arguments->list, const char *);
        PRINT(text ? text : "(null)");
    } else if (found->letter == 'p') {
        PRINT(va_arg(arguments->list, void *));
    } else if (found->letter == '@') {
        object_write(va_arg(arguments->list, const void *), builder, 0, call);
    } else if (found->letter == 'C') {
        UniChar unit[2] = {(UniChar)va_arg(arguments->list, int), 0};
        format_units(builder, unit);
    } else if (found->letter == 'S') {
        format_units(builder, va_arg(arguments->list, const UniChar *));
    } else {
        problem(TYMPAN_MISUSE, call, "%s with the conversion %.30s, which is not supported", call.name, found->spec);
    }
}

/* The whole format, as UTF-8 that the caller frees; NULL when the format is no string. */
static char *format_text(CFStringRef format, argument_list *arguments, tympan_call call)
{
    text_builder builder = {0}, pattern = {0};
    tympan_object *object = checked(format, TYMPAN_STRING, call);
    if (!object)
        return NULL;
    string_write(object, &pattern, 0, call);
    text_add(&builder, "", 0);
    for (const char *at = pattern.text; *at;) {
        size_t plain = strcspn(at, "%");
        text_add(&builder, at, plain);
        at += plain;
        if (at[0] == '%' && at[1] == '%') {
            text_add(&builder, "%", 1);
            at += 2;
        } else if (*at) {
            conversion found;
            at = conversion_read(at + 1, &found);
            if (found.stars)
                found.width = va_arg(arguments->list, int);
            if (found.stars > 1)
                found.precision = va_arg(arguments->list, int);
            format_one(&builder, &found, arguments, call);
        }
    }
    free(pattern.text);
    return builder.text;
}

static CFStringRef format_string(CFAllocatorRef allocator, CFStringRef format, argument_list *arguments, tympan_call call)
{
    allocator_check(allocator, call);
    char *text = format_text(format, arguments, call);
    CFStringRef string = text ? string_of_text(text, call) : NULL;
    free(text);
    return string;
}

CFStringRef CFStringCreateWithFormatAndArguments(CFAllocatorRef allocator, CFDictionaryRef options, CFStringRef format,
                                                 va_list arguments)
{
    (void)options;
    argument_list list;
    va_copy(list.list, arguments);
    CFStringRef string = format_string(allocator, format, &list, CALL);
    va_end(list.list);
    return string;
}

CFStringRef CFStringCreateWithFormat(CFAllocatorRef allocator, CFDictionaryRef options, CFStringRef format, ...)
{
    (void)options;
    argument_list list;
    va_start(list.list, format);
    CFStringRef string = format_string(allocator, format, &list, CALL);
    va_end(list.list);
    return string;
}

void CFStringAppendFormat(CFMutableStringRef string, CFDictionaryRef options, CFStringRef format, ...)
{
    (void)options;
    argument_list list;
    va_start(list.list, format);
    char *text = format_text(format, &list, CALL);
    va_end(list.list);
    UniChar *units = NULL;
    CFIndex length = text ? text_decode(kCFStringEncodingUTF8, (UInt8 *)text, (CFIndex)strlen(text), 0, &units) : -1;
    if (length >= 0)
        string_splice(string, CFRangeMake(0, 0), units, length, 1, CALL);
    free(units);
    free(text);
}
