/*
 * CFNumber, CFBoolean, CFNull and CFDate; included once, by _platform.pyx.
 *
 * Every CFNumberCreate makes an object of its own, where macOS shares small numbers: what releases
 * one too often goes unnoticed there and is found here.
 */

#include <float.h>
#include <math.h>

__extension__ typedef __int128 wide_int;

#define NUMBER_WIDE 17 /* CoreFoundation's own type for integers that 64 bits do not hold */

typedef struct number_object {
    tympan_object base;
    CFNumberType type; /* one of fixed width: kCFNumberSInt8Type to kCFNumberFloat64Type, or NUMBER_WIDE */
    wide_int integer;
    double real;
} number_object;

/* Types of fixed width and their bytes, by CFNumberType. */
static const struct {
    unsigned char fixed, size;
} NUMBER_TYPES[] = {
    {0, 0}, {1, 1}, {2, 2}, {3, 4}, {4, 8}, {5, 4}, {6, 8},            /* SInt8 ... Float64 */
    {1, 1}, {2, 2}, {3, 4}, {4, 8}, {4, 8}, {5, 4}, {6, 8},            /* char ... double */
    {4, 8}, {4, 8}, {6, 8}, {NUMBER_WIDE, 16},                         /* CFIndex, NSInteger, CGFloat */
};

static CFNumberType fixed_type(CFNumberType type, tympan_call call)
{
    if (type >= 1 && type < NUMBER_WIDE)
        return NUMBER_TYPES[type].fixed;
    problem(TYMPAN_MISUSE, call, "%s with the number type %ld, which there is not", call.name, type);
    return 0;
}

static int is_real(const number_object *number)
{
    return number->type == kCFNumberFloat32Type || number->type == kCFNumberFloat64Type;
}

static CFNumberRef number_publish(CFNumberType type, wide_int integer, double real, int flags, tympan_call call)
{
    number_object *number = object_create(TYMPAN_NUMBER, flags, sizeof *number, call);
    number->type = type;
    number->integer = integer;
    number->real = real;
    return object_publish(number);
}

CFTypeID CFNumberGetTypeID(void)
{
    return type_of(TYMPAN_NUMBER);
}

CFNumberRef CFNumberCreate(CFAllocatorRef allocator, CFNumberType type, const void *value)
{
    allocator_check(allocator, CALL);
    union { int8_t i8; int16_t i16; int32_t i32; int64_t i64; float f32; double f64; } from;
    CFNumberType fixed = fixed_type(type, CALL);
    if (!fixed)
        return NULL;
    if (!value) {
        problem(TYMPAN_NULL_REFERENCE, CALL, "CFNumberCreate without a value");
        return NULL;
    }
    memcpy(&from, value, NUMBER_TYPES[fixed].size);
    switch (fixed) {
    case kCFNumberSInt8Type: return number_publish(fixed, from.i8, 0, 0, CALL);
    case kCFNumberSInt16Type: return number_publish(fixed, from.i16, 0, 0, CALL);
    case kCFNumberSInt32Type: return number_publish(fixed, from.i32, 0, 0, CALL);
    case kCFNumberSInt64Type: return number_publish(fixed, from.i64, 0, 0, CALL);
    case kCFNumberFloat32Type: return number_publish(fixed, 0, from.f32, 0, CALL);
    default: return number_publish(fixed, 0, from.f64, 0, CALL);
    }
}

CFNumberRef tympan_number_wide(uint64_t low, int64_t high)
{
    int fits = high == ((int64_t)low < 0 ? -1 : 0);
    wide_int value = (wide_int)((unsigned __int128)(uint64_t)high << 64 | low);
    return number_publish(fits ? kCFNumberSInt64Type : NUMBER_WIDE, value, 0, 0, CALL);
}

int tympan_number_get_wide(CFNumberRef reference, uint64_t *low, int64_t *high)
{
    number_object *number = checked(reference, TYMPAN_NUMBER, CALL);
    if (!number || is_real(number))
        return 0;
    *low = (uint64_t)number->integer;
    *high = (int64_t)(number->integer >> 64);
    return 1;
}

/* --- reading ------------------------------------------------------------------------ */

/* Towards 0, and the nearest there is for what is outside; NaN is 0. C leaves that undefined. */
static wide_int truncated(double value, int bits)
{
    double limit = ldexp(1, bits - 1);
    wide_int most = (wide_int)(((unsigned __int128)1 << (bits - 1)) - 1);
    return isnan(value) ? 0 : value >= limit ? most : value < -limit ? -most - 1 : (wide_int)value;
}

/* Into an integer of `size` bytes; whether the value stayed the same. What does not fit is cut to its low bits, as
 * a C cast does. Small unsigned values that were stored as signed ones pass, as they do in CoreFoundation. */
static int number_to_integer(const number_object *number, void *value, int size)
{
    int64_t cut;
    wide_int whole = is_real(number) ? truncated(number->real, size * 8) : number->integer;
    switch (size) {
    case 1: cut = (int8_t)whole; *(int8_t *)value = (int8_t)cut; break;
    case 2: cut = (int16_t)whole; memcpy(value, &(int16_t){(int16_t)cut}, 2); break;
    case 4: cut = (int32_t)whole; memcpy(value, &(int32_t){(int32_t)cut}, 4); break;
    default: cut = (int64_t)whole; memcpy(value, &cut, 8); break;
    }
    if (is_real(number))
        return number->type == kCFNumberFloat32Type ? (float)cut == (float)number->real : (double)cut == number->real;
    if (number->type == NUMBER_WIDE)
        return (uint64_t)cut == (uint64_t)whole;
    return cut == whole || (size < 4 && whole >> size * 8 == 0);
}

static int number_to_real(const number_object *number, void *value, int size)
{
    double real = is_real(number) ? number->real : (double)number->integer;
    float small = (float)(is_real(number) ? number->real : (double)number->integer);
    double got = size == 4 ? small : real;
    if (size == 4)
        memcpy(value, &small, 4);
    else
        memcpy(value, &real, 8);
    if (is_real(number))
        return got == number->real;
    return fabs(got) < 0x1p127 && (wide_int)got == number->integer;
}

/* Whether the value is the same; a value is stored in any case. */
Boolean CFNumberGetValue(CFNumberRef reference, CFNumberType type, void *value)
{
    char unused[8];
    number_object *number = checked(reference, TYMPAN_NUMBER, CALL);
    CFNumberType fixed = number ? fixed_type(type, CALL) : 0;
    if (!fixed)
        return 0;
    int size = NUMBER_TYPES[fixed].size;
    if (fixed == kCFNumberFloat32Type || fixed == kCFNumberFloat64Type)
        return (Boolean)number_to_real(number, value ? value : unused, size);
    return (Boolean)number_to_integer(number, value ? value : unused, size);
}

CFNumberType CFNumberGetType(CFNumberRef reference)
{
    number_object *number = checked(reference, TYMPAN_NUMBER, CALL);
    return !number ? 0 : number->type == NUMBER_WIDE ? (CFNumberType)kCFNumberSInt64Type : number->type;
}

CFIndex CFNumberGetByteSize(CFNumberRef reference)
{
    number_object *number = checked(reference, TYMPAN_NUMBER, CALL);
    return number ? NUMBER_TYPES[number->type].size : 0;
}

Boolean CFNumberIsFloatType(CFNumberRef reference)
{
    number_object *number = checked(reference, TYMPAN_NUMBER, CALL);
    return number && is_real(number);
}

/* --- comparing ------------------------------------------------------------------------ */

static CFComparisonResult order_of(int less, int more)
{
    return less ? kCFCompareLessThan : more ? kCFCompareGreaterThan : kCFCompareEqualTo;
}

/* An integer and a real that is not NaN, exactly. */
static CFComparisonResult compare_mixed(wide_int integer, double real)
{
    if (fabs(real) >= 0x1p127)
        return order_of(real > 0, real < 0);
    wide_int whole = (wide_int)real;
    if (integer != whole)
        return order_of(integer < whole, 1);
    double rest = real - (double)whole;
    return order_of(rest > 0, rest < 0 || (real == 0 && signbit(real)));
}

static CFComparisonResult compare_reals(double x, double y)
{
    if (isnan(x) || isnan(y)) /* two are equal; one alone is above what is negative and below what is not */
        return isnan(x) && isnan(y) ? kCFCompareEqualTo
             : isnan(x) ? order_of(!signbit(y), 1) : order_of(signbit(x), 1);
    if (x == y && x == 0)
        return order_of(signbit(x) && !signbit(y), !signbit(x) && signbit(y));
    return order_of(x < y, x > y);
}

static CFComparisonResult number_compare(const number_object *x, const number_object *y)
{
    if (!is_real(x) && !is_real(y))
        return order_of(x->integer < y->integer, x->integer > y->integer);
    if (is_real(x) && is_real(y))
        return compare_reals(x->real, y->real);
    if (isnan(is_real(x) ? x->real : y->real))
        return compare_reals(is_real(x) ? x->real : (double)x->integer, is_real(y) ? y->real : (double)y->integer);
    return is_real(x) ? -compare_mixed(y->integer, x->real) : compare_mixed(x->integer, y->real);
}

CFComparisonResult CFNumberCompare(CFNumberRef a, CFNumberRef b, void *context)
{
    (void)context;
    number_object *x = checked(a, TYMPAN_NUMBER, CALL), *y = checked(b, TYMPAN_NUMBER, CALL);
    return x && y ? number_compare(x, y) : kCFCompareEqualTo;
}

static int number_equal(tympan_object *a, tympan_object *b, tympan_call call)
{
    (void)call;
    return number_compare((number_object *)a, (number_object *)b) == kCFCompareEqualTo;
}

static CFHashCode hash_of_real(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return isnan(value) ? 7 : bits * 0x9E3779B97F4A7C15ull;
}

/* Equal numbers of different types have equal hashes. */
static CFHashCode number_hash(tympan_object *object, tympan_call call)
{
    (void)call;
    number_object *number = (number_object *)object;
    return hash_of_real(is_real(number) ? number->real : (double)number->integer);
}

static void number_print(const number_object *number, char *text, size_t size)
{
    char digits[48], *at = digits + sizeof digits - 1;
    if (is_real(number)) {
        snprintf(text, size, number->type == kCFNumberFloat32Type ? "%.9g" : "%.17g", number->real);
        return;
    }
    unsigned __int128 rest = number->integer < 0 ? -(unsigned __int128)number->integer : (unsigned __int128)number->integer;
    *at = 0;
    do
        *--at = (char)('0' + (int)(rest % 10));
    while (rest /= 10);
    snprintf(text, size, "%s%s", number->integer < 0 ? "-" : "", at);
}

static void number_write(tympan_object *object, text_builder *builder)
{
    char text[48];
    number_print((number_object *)object, text, sizeof text);
    text_add(builder, text, strlen(text));
}

static void number_describe(tympan_object *object, char *text, size_t size)
{
    char digits[48];
    number_print((number_object *)object, digits, sizeof digits);
    snprintf(text, size, "CFNumber %s", digits);
}

/* --- true, false and null, which live for ever ------------------------------------------- */

static tympan_object true_object = IMMORTAL(true_object, TYMPAN_BOOLEAN);
static tympan_object false_object = IMMORTAL(false_object, TYMPAN_BOOLEAN);
static tympan_object null_object = IMMORTAL(null_object, TYMPAN_NULL);
static number_object nan_object = {IMMORTAL(nan_object, TYMPAN_NUMBER), 6, 0, NAN};
static number_object plus_object = {IMMORTAL(plus_object, TYMPAN_NUMBER), 6, 0, INFINITY};
static number_object minus_object = {IMMORTAL(minus_object, TYMPAN_NUMBER), 6, 0, -INFINITY};

const CFBooleanRef kCFBooleanTrue = (CFBooleanRef)&true_object;
const CFBooleanRef kCFBooleanFalse = (CFBooleanRef)&false_object;
const CFNullRef kCFNull = (CFNullRef)&null_object;
const CFNumberRef kCFNumberNaN = (CFNumberRef)&nan_object;
const CFNumberRef kCFNumberPositiveInfinity = (CFNumberRef)&plus_object;
const CFNumberRef kCFNumberNegativeInfinity = (CFNumberRef)&minus_object;

CFTypeID CFBooleanGetTypeID(void)
{
    return type_of(TYMPAN_BOOLEAN);
}

Boolean CFBooleanGetValue(CFBooleanRef boolean)
{
    tympan_object *object = checked(boolean, TYMPAN_BOOLEAN, CALL);
    return object == &true_object;
}

CFTypeID CFNullGetTypeID(void)
{
    return type_of(TYMPAN_NULL);
}

static void boolean_describe(tympan_object *object, char *text, size_t size)
{
    snprintf(text, size, "CFBoolean %s", object == &true_object ? "true" : "false");
}
