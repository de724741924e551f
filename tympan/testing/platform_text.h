/* Text in the encodings that drivers use, to UTF-16 and back; included once, by _platform.pyx. */

#include <limits.h>

/* Encodings are numbered as in CFString.h. MacRoman is ASCII here: its upper half is refused. */
enum text_form { FORM_NONE, FORM_ASCII, FORM_LATIN1, FORM_UTF8, FORM_UTF16, FORM_UTF32 };

static enum text_form form_of(CFStringEncoding encoding)
{
    switch (encoding) {
    case kCFStringEncodingASCII: case kCFStringEncodingMacRoman: return FORM_ASCII;
    case kCFStringEncodingISOLatin1: return FORM_LATIN1;
    case kCFStringEncodingUTF8: return FORM_UTF8;
    case kCFStringEncodingUTF16: case kCFStringEncodingUTF16LE: case kCFStringEncodingUTF16BE: return FORM_UTF16;
    case kCFStringEncodingUTF32: case kCFStringEncodingUTF32LE: case kCFStringEncodingUTF32BE: return FORM_UTF32;
    }
    return FORM_NONE;
}

static int is_big_endian(CFStringEncoding encoding)
{
    return encoding == kCFStringEncodingUTF16BE || encoding == kCFStringEncodingUTF32BE;
}

/* --- decoding ------------------------------------------------------------------- */

/* The code point at *at, which moves on; -1 where the bytes are no UTF-8. */
static int32_t utf8_next(const UInt8 *bytes, CFIndex size, CFIndex *at)
{
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    UInt8 lead = bytes[(*at)++];
    int more = lead < 0x80 ? 0 : lead >= 0xC2 && lead < 0xE0 ? 1 : lead >= 0xE0 && lead < 0xF0 ? 2
             : lead >= 0xF0 && lead < 0xF5 ? 3 : -1;
    if (more < 0 || *at + more > size)
        return -1;
    int32_t code = more == 0 ? lead : lead & (0x3F >> more);
    for (int k = 0; k < more; k++) {
        UInt8 byte = bytes[(*at)++];
        if ((byte & 0xC0) != 0x80)
            return -1;
        code = code << 6 | (byte & 0x3F);
    }
    return code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) ? -1 : code;
}

/* The next code point or UTF-16 unit (`form` says which), or -1. */
static int32_t text_next(enum text_form form, int big, const UInt8 *bytes, CFIndex size, CFIndex *at)
{
    if (form == FORM_UTF8)
        return utf8_next(bytes, size, at);
    CFIndex width = form == FORM_UTF16 ? 2 : form == FORM_UTF32 ? 4 : 1;
    if (*at + width > size)
        return -1;
    uint32_t code = 0;
    for (CFIndex k = 0; k < width; k++)
        code |= (uint32_t)bytes[*at + k] << 8 * (big ? width - 1 - k : k);
    *at += width;
    if (form == FORM_ASCII && code > 0x7F)
        return -1;
    return form == FORM_UTF32 && (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) ? -1 : (int32_t)code;
}

static CFIndex put_units(int32_t code, UniChar *units)
{
    if (code < 0x10000) {
        units[0] = (UniChar)code;
        return 1;
    }
    units[0] = (UniChar)(0xD800 + ((code - 0x10000) >> 10));
    units[1] = (UniChar)(0xDC00 + ((code - 0x10000) & 0x3FF));
    return 2;
}

/* The bytes of a leading byte order mark, which decides. */
static CFIndex mark_size(enum text_form form, const UInt8 *bytes, CFIndex size, int *big)
{
    CFIndex width = form == FORM_UTF16 ? 2 : form == FORM_UTF32 ? 4 : 0;
    if (!width || size < width)
        return 0;
    for (int order = 0; order < 2; order++) {
        CFIndex at = 0;
        if (text_next(form, order, bytes, size, &at) == 0xFEFF) {
            *big = order;
            return width;
        }
    }
    return 0;
}

/* *units: malloc'd, also of no text at all; the answer is how many, or -1 when the bytes are no text in that
 * encoding. `external`: a byte order mark may lead. */
static CFIndex text_decode(CFStringEncoding encoding, const UInt8 *bytes, CFIndex size, int external, UniChar **units)
{
    enum text_form form = form_of(encoding);
    int big = is_big_endian(encoding);
    CFIndex at = external ? mark_size(form, bytes, size, &big) : 0, length = 0;
    *units = form ? malloc(((size_t)size + 1) * sizeof(UniChar)) : NULL;
    if (!*units)
        return -1;
    while (at < size) {
        int32_t code = text_next(form, big, bytes, size, &at);
        if (code < 0) {
            free(*units);
            *units = NULL;
            return -1;
        }
        length += put_units(code, *units + length);
    }
    return length;
}

/* --- encoding ------------------------------------------------------------------- */

/* The code point at *at, which moves on; half of a pair alone stays what it is. */
static int32_t units_next(const UniChar *units, CFIndex length, CFIndex *at)
{
    int32_t code = units[(*at)++];
    if (code >= 0xD800 && code < 0xDC00 && *at < length && units[*at] >= 0xDC00 && units[*at] < 0xE000)
        code = 0x10000 + ((code - 0xD800) << 10) + (units[(*at)++] - 0xDC00);
    return code;
}

static CFIndex put_utf8(int32_t code, UInt8 *out)
{
    CFIndex size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const UInt8 leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (CFIndex k = size - 1; k > 0; k--, code >>= 6)
        out[k] = (UInt8)(0x80 | (code & 0x3F));
    out[0] = (UInt8)(leads[size] | code);
    return size;
}

static CFIndex put_wide(uint32_t code, CFIndex width, int big, UInt8 *out)
{
    for (CFIndex k = 0; k < width; k++)
        out[k] = (UInt8)(code >> 8 * (big ? width - 1 - k : k));
    return width;
}

/* One code point in up to 4 bytes; 0 when the encoding has none for it. */
static CFIndex put_code(CFStringEncoding encoding, int32_t code, UInt8 *out)
{
    UniChar pair[2];
    int big = is_big_endian(encoding), half = code >= 0xD800 && code < 0xE000;
    switch (form_of(encoding)) {
    case FORM_ASCII: out[0] = (UInt8)code; return code < 0x80;
    case FORM_LATIN1: out[0] = (UInt8)code; return code < 0x100;
    case FORM_UTF8: return half ? 0 : put_utf8(code, out);
    case FORM_UTF32: return half ? 0 : put_wide((uint32_t)code, 4, big, out);
    case FORM_UTF16:
        if (put_units(code, pair) == 1)
            return put_wide(pair[0], 2, big, out);
        return put_wide(pair[0], 2, big, out) + put_wide(pair[1], 2, big, out + 2);
    case FORM_NONE: break;
    }
    return 0;
}

/* As CFStringGetBytes: how many units were converted; *used bytes. `out` may be NULL to count. */
static CFIndex text_encode(const UniChar *units, CFIndex length, CFStringEncoding encoding, UInt8 loss, int external,
                           UInt8 *out, CFIndex room, CFIndex *used)
{
    CFIndex at = 0;
    *used = 0;
    if (external && (encoding == kCFStringEncodingUTF16 || encoding == kCFStringEncodingUTF32) && room >= 4) {
        UInt8 mark[4];
        *used = put_code(encoding, 0xFEFF, mark);
        if (out)
            memcpy(out, mark, (size_t)*used);
    }
    while (at < length) {
        UInt8 bytes[4] = {loss};
        CFIndex next = at, size = put_code(encoding, units_next(units, length, &next), bytes);
        if (!size && loss)
            bytes[0] = loss, size = 1;
        if (!size || size > room - *used)
            break;
        if (out)
            memcpy(out + *used, bytes, (size_t)size);
        *used += size;
        at = next;
    }
    return at;
}

/* UTF-8 with a final 0, malloc'd; halves of pairs become U+FFFD. */
static char *text_utf8(const UniChar *units, CFIndex length, CFIndex *size)
{
    UInt8 *text = malloc((size_t)length * 3 + 1);
    if (!text)
        abort();
    *size = 0;
    for (CFIndex at = 0; at < length;) {
        int32_t code = units_next(units, length, &at);
        *size += put_utf8(code >= 0xD800 && code < 0xE000 ? 0xFFFD : code, text + *size);
    }
    text[*size] = 0;
    return (char *)text;
}
