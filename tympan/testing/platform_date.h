/* CFDate and CFUUID; included once, by _platform.pyx. */

#include <sys/random.h>

const CFTimeInterval kCFAbsoluteTimeIntervalSince1970 = 978307200.0;

#define VIRTUAL_EPOCH 700000000.0 /* CFAbsoluteTimeGetCurrent at tick 0 of the virtual clock: in March 2023 */

typedef struct date_object {
    tympan_object base;
    CFAbsoluteTime time;
} date_object;

/* Seconds since 2001; on the virtual clock they pass with it, also while the machine sleeps. */
CFAbsoluteTime CFAbsoluteTimeGetCurrent(void)
{
    struct timespec now;
    if (tympan_clock_is_virtual())
        return VIRTUAL_EPOCH + (double)clock_to_ns(mach_continuous_time()) * 1e-9;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9 - kCFAbsoluteTimeIntervalSince1970;
}

CFTypeID CFDateGetTypeID(void)
{
    return type_of(TYMPAN_DATE);
}

CFDateRef CFDateCreate(CFAllocatorRef allocator, CFAbsoluteTime time)
{
    allocator_check(allocator, CALL);
    date_object *date = object_create(TYMPAN_DATE, 0, sizeof *date, CALL);
    date->time = time;
    return object_publish(date);
}

CFAbsoluteTime CFDateGetAbsoluteTime(CFDateRef reference)
{
    date_object *date = checked(reference, TYMPAN_DATE, CALL);
    return date ? date->time : 0;
}

CFTimeInterval CFDateGetTimeIntervalSinceDate(CFDateRef reference, CFDateRef other)
{
    date_object *date = checked(reference, TYMPAN_DATE, CALL), *from = checked(other, TYMPAN_DATE, CALL);
    return date && from ? date->time - from->time : 0;
}

CFComparisonResult CFDateCompare(CFDateRef a, CFDateRef b, void *context)
{
    (void)context;
    date_object *x = checked(a, TYMPAN_DATE, CALL), *y = checked(b, TYMPAN_DATE, CALL);
    return x && y ? order_of(x->time < y->time, x->time > y->time) : kCFCompareEqualTo;
}

static int date_equal(tympan_object *a, tympan_object *b, tympan_call call)
{
    (void)call;
    return ((date_object *)a)->time == ((date_object *)b)->time;
}

static CFHashCode date_hash(tympan_object *object, tympan_call call)
{
    (void)call;
    return hash_of_real(((date_object *)object)->time);
}

static void date_describe(tympan_object *object, char *text, size_t size)
{
    char day[32] = "?";
    struct tm parts;
    time_t seconds = (time_t)(((date_object *)object)->time + kCFAbsoluteTimeIntervalSince1970);
    if (gmtime_r(&seconds, &parts))
        strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &parts);
    snprintf(text, size, "CFDate %s", day);
}

/* --- CFUUID ------------------------------------------------------------------------------ */

typedef struct uuid_object {
    tympan_object base;
    UInt8 bytes[16];
} uuid_object;

static void *uuid_object_make(const void *bytes, int flags, tympan_call call)
{
    uuid_object *uuid = object_create(TYMPAN_UUID, flags, sizeof *uuid, call);
    memcpy(uuid->bytes, bytes, 16);
    return uuid;
}

static CFUUIDRef uuid_make(const void *bytes, tympan_call call)
{
    return object_publish(uuid_object_make(bytes, 0, call));
}

CFTypeID CFUUIDGetTypeID(void)
{
    return type_of(TYMPAN_UUID);
}

/* A random one, of version 4: not the same in two runs, whatever the clock. */
CFUUIDRef CFUUIDCreate(CFAllocatorRef allocator)
{
    UInt8 bytes[16] = {0};
    allocator_check(allocator, CALL);
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return NULL;
    bytes[6] = (UInt8)((bytes[6] & 0x0F) | 0x40);
    bytes[8] = (UInt8)((bytes[8] & 0x3F) | 0x80);
    return uuid_make(bytes, CALL);
}

CFUUIDRef CFUUIDCreateFromUUIDBytes(CFAllocatorRef allocator, CFUUIDBytes bytes)
{
    allocator_check(allocator, CALL);
    return uuid_make(&bytes, CALL);
}

CFUUIDBytes CFUUIDGetUUIDBytes(CFUUIDRef reference)
{
    CFUUIDBytes bytes = {0};
    uuid_object *uuid = checked(reference, TYMPAN_UUID, CALL);
    if (uuid)
        memcpy(&bytes, uuid->bytes, 16);
    return bytes;
}

static const void *constant_uuid_make(const void *bytes, size_t size)
{
    (void)size;
    return object_publish(uuid_object_make(bytes, IS_IMMORTAL, (tympan_call){"CFUUIDGetConstantUUIDWithBytes", NULL}));
}

/* The same immortal object for the same bytes: never released. */
CFUUIDRef CFUUIDGetConstantUUIDWithBytes(CFAllocatorRef allocator, UInt8 b0, UInt8 b1, UInt8 b2, UInt8 b3, UInt8 b4,
                                         UInt8 b5, UInt8 b6, UInt8 b7, UInt8 b8, UInt8 b9, UInt8 b10, UInt8 b11,
                                         UInt8 b12, UInt8 b13, UInt8 b14, UInt8 b15)
{
    allocator_check(allocator, CALL);
    UInt8 bytes[16] = {b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15};
    return intern('u', bytes, sizeof bytes, constant_uuid_make);
}

/* Upper case, as CoreFoundation writes it. */
static void uuid_text(const UInt8 *bytes, char text[37])
{
    char *at = text;
    for (int i = 0; i < 16; i++)
        at += sprintf(at, "%s%02X", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

CFStringRef CFUUIDCreateString(CFAllocatorRef allocator, CFUUIDRef reference)
{
    char text[37];
    allocator_check(allocator, CALL);
    uuid_object *uuid = checked(reference, TYMPAN_UUID, CALL);
    if (!uuid)
        return NULL;
    uuid_text(uuid->bytes, text);
    return string_of_text(text, CALL);
}

/* NULL for what is not of the form 68753A44-4D6F-1226-9C60-0050E4C00067. */
CFUUIDRef CFUUIDCreateFromString(CFAllocatorRef allocator, CFStringRef string)
{
    char text[40], again[37];
    UInt8 bytes[16] = {0};
    allocator_check(allocator, CALL);
    if (!checked(string, TYMPAN_STRING, CALL) || CFStringGetLength(string) != 36 ||
        !CFStringGetCString(string, text, sizeof text, kCFStringEncodingASCII))
        return NULL;
    const char *at = text;
    for (int i = 0; i < 16 && at < text + 36; i++, at += 2) {
        at += *at == '-';
        if (sscanf(at, "%2hhx", &bytes[i]) != 1)
            return NULL;
    }
    uuid_text(bytes, again); /* dashes where they belong, and nothing else */
    return strcasecmp(text, again) == 0 ? uuid_make(bytes, CALL) : NULL;
}

static int uuid_equal(tympan_object *a, tympan_object *b, tympan_call call)
{
    (void)call;
    return memcmp(((uuid_object *)a)->bytes, ((uuid_object *)b)->bytes, 16) == 0;
}

static CFHashCode uuid_hash(tympan_object *object, tympan_call call)
{
    CFHashCode hash;
    (void)call;
    memcpy(&hash, ((uuid_object *)object)->bytes, sizeof hash);
    return hash;
}

static void uuid_describe(tympan_object *object, char *text, size_t size)
{
    char letters[37];
    uuid_text(((uuid_object *)object)->bytes, letters);
    snprintf(text, size, "CFUUID %s", letters);
}
