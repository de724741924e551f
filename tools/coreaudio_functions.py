"""What the measured table does not hold: functions, variables and a few types of CoreFoundation, Mach and libdispatch.

``generate_coreaudio.py`` writes them into the header. Apple's prototypes, with the names of arguments that
fit into a line. macOS has the functions; elsewhere the platform library of the simulated host does. A symbol
is here because the core needs it, or because a driver in the field does: docs/platform.md says which.
"""

#: (name, C type): integers of CoreFoundation, Mach and libdispatch.
TYPES = (
    ("CFTimeInterval", "double"),
    ("CFAbsoluteTime", "CFTimeInterval"),
    ("CFNumberType", "CFIndex"),
    ("CFPropertyListFormat", "CFIndex"),
    ("CFURLPathStyle", "CFIndex"),
    ("mach_port_t", "UInt32"),
    ("semaphore_t", "mach_port_t"),
    ("task_t", "mach_port_t"),
    ("dispatch_time_t", "uint64_t"),
    ("dispatch_once_t", "long"),
)

#: Objects that only their owner looks into: (name, C type, struct).
OPAQUE = (
    ("CFAllocatorRef", "const struct __CFAllocator *"),
    ("CFStringRef", "const struct __CFString *"),
    ("CFMutableStringRef", "struct __CFString *"),
    ("CFDictionaryRef", "const struct __CFDictionary *"),
    ("CFMutableDictionaryRef", "struct __CFDictionary *"),
    ("CFArrayRef", "const struct __CFArray *"),
    ("CFMutableArrayRef", "struct __CFArray *"),
    ("CFDataRef", "const struct __CFData *"),
    ("CFMutableDataRef", "struct __CFData *"),
    ("CFNumberRef", "const struct __CFNumber *"),
    ("CFBooleanRef", "const struct __CFBoolean *"),
    ("CFNullRef", "const struct __CFNull *"),
    ("CFDateRef", "const struct __CFDate *"),
    ("CFErrorRef", "struct __CFError *"),
    ("CFUUIDRef", "const struct __CFUUID *"),
    ("CFURLRef", "const struct __CFURL *"),
    ("CFBundleRef", "struct __CFBundle *"),
    ("dispatch_queue_t", "struct dispatch_queue_s *"),
    ("dispatch_queue_attr_t", "struct dispatch_queue_attr_s *"),
    ("dispatch_source_t", "struct dispatch_source_s *"),
    ("dispatch_source_type_t", "const struct dispatch_source_type_s *"),
    ("dispatch_semaphore_t", "struct dispatch_semaphore_s *"),
)

#: typedef struct { ... } NAME: its fields as (name, C type), 8 bytes each.
RECORDS = {
    "CFArrayCallBacks": (
        ("version", "CFIndex"),
        ("retain", "const void *(*)(CFAllocatorRef, const void *)"),
        ("release", "void (*)(CFAllocatorRef, const void *)"),
        ("copyDescription", "CFStringRef (*)(const void *)"),
        ("equal", "Boolean (*)(const void *, const void *)"),
    ),
    "CFDictionaryKeyCallBacks": (
        ("version", "CFIndex"),
        ("retain", "const void *(*)(CFAllocatorRef, const void *)"),
        ("release", "void (*)(CFAllocatorRef, const void *)"),
        ("copyDescription", "CFStringRef (*)(const void *)"),
        ("equal", "Boolean (*)(const void *, const void *)"),
        ("hash", "CFHashCode (*)(const void *)"),
    ),
    "CFDictionaryValueCallBacks": (
        ("version", "CFIndex"),
        ("retain", "const void *(*)(CFAllocatorRef, const void *)"),
        ("release", "void (*)(CFAllocatorRef, const void *)"),
        ("copyDescription", "CFStringRef (*)(const void *)"),
        ("equal", "Boolean (*)(const void *, const void *)"),
    ),
}

#: Pointers to functions: (name, C type).
CALLBACKS = (
    ("CFArrayApplierFunction", "void (*)(const void *, void *)"),
    ("CFDictionaryApplierFunction", "void (*)(const void *, const void *, void *)"),
    ("CFComparatorFunction", "CFComparisonResult (*)(const void *, const void *, void *)"),
)

#: const TYPE NAME.
VARIABLES = (
    "CFAllocatorRef kCFAllocatorDefault",
    "CFAllocatorRef kCFAllocatorSystemDefault",
    "CFAllocatorRef kCFAllocatorMalloc",
    "CFAllocatorRef kCFAllocatorNull",
    "CFBooleanRef kCFBooleanTrue",
    "CFBooleanRef kCFBooleanFalse",
    "CFNullRef kCFNull",
    "CFNumberRef kCFNumberNaN",
    "CFNumberRef kCFNumberPositiveInfinity",
    "CFNumberRef kCFNumberNegativeInfinity",
    "CFArrayCallBacks kCFTypeArrayCallBacks",
    "CFDictionaryKeyCallBacks kCFTypeDictionaryKeyCallBacks",
    "CFDictionaryKeyCallBacks kCFCopyStringDictionaryKeyCallBacks",
    "CFDictionaryValueCallBacks kCFTypeDictionaryValueCallBacks",
    "CFTimeInterval kCFAbsoluteTimeIntervalSince1970",
    "CFStringRef kCFErrorDomainCocoa",
    "CFStringRef kCFErrorDomainOSStatus",
    "CFStringRef kCFErrorDomainPOSIX",
    "CFStringRef kCFBundleIdentifierKey",
    "CFStringRef kCFBundleNameKey",
    "CFStringRef kCFBundleVersionKey",
    "CFStringRef kCFBundleExecutableKey",
)

CF_BASE = (
    "CFTypeRef CFRetain(CFTypeRef cf)",
    "void CFRelease(CFTypeRef cf)",
    "CFIndex CFGetRetainCount(CFTypeRef cf)",
    "CFTypeID CFGetTypeID(CFTypeRef cf)",
    "Boolean CFEqual(CFTypeRef a, CFTypeRef b)",
    "CFHashCode CFHash(CFTypeRef cf)",
    "CFStringRef CFCopyDescription(CFTypeRef cf)",
    "CFStringRef CFCopyTypeIDDescription(CFTypeID type)",
    "void CFShow(CFTypeRef cf)",
    "CFAllocatorRef CFGetAllocator(CFTypeRef cf)",
    "CFTypeID CFAllocatorGetTypeID(void)",
    "CFAllocatorRef CFAllocatorGetDefault(void)",
    "void *CFAllocatorAllocate(CFAllocatorRef allocator, CFIndex size, CFOptionFlags hint)",
    "void *CFAllocatorReallocate(CFAllocatorRef allocator, void *memory, CFIndex size, CFOptionFlags hint)",
    "void CFAllocatorDeallocate(CFAllocatorRef allocator, void *memory)",
    "CFTypeID CFNullGetTypeID(void)",
    "CFTypeID CFBooleanGetTypeID(void)",
    "Boolean CFBooleanGetValue(CFBooleanRef boolean)",
    "CFTypeID CFErrorGetTypeID(void)",
    "CFErrorRef CFErrorCreate(CFAllocatorRef a, CFStringRef domain, CFIndex code, CFDictionaryRef info)",
    "CFIndex CFErrorGetCode(CFErrorRef error)",
    "CFStringRef CFErrorGetDomain(CFErrorRef error)",
    "CFStringRef CFErrorCopyDescription(CFErrorRef error)",
)

CF_STRING = (
    "CFTypeID CFStringGetTypeID(void)",
    "CFStringRef __CFStringMakeConstantString(const char *text)",
    "CFStringRef CFStringCreateWithCString(CFAllocatorRef allocator, const char *text, CFStringEncoding encoding)",
    "CFStringRef CFStringCreateWithBytes("
    "CFAllocatorRef a, const UInt8 *bytes, CFIndex size, CFStringEncoding encoding, Boolean external)",
    "CFStringRef CFStringCreateWithCharacters(CFAllocatorRef allocator, const UniChar *text, CFIndex length)",
    "CFStringRef CFStringCreateWithFormat(CFAllocatorRef a, CFDictionaryRef options, CFStringRef format, ...)",
    "CFStringRef CFStringCreateCopy(CFAllocatorRef allocator, CFStringRef string)",
    "CFStringRef CFStringCreateWithSubstring(CFAllocatorRef allocator, CFStringRef string, CFRange range)",
    "CFStringRef CFStringCreateFromExternalRepresentation("
    "CFAllocatorRef a, CFDataRef data, CFStringEncoding encoding)",
    "CFDataRef CFStringCreateExternalRepresentation("
    "CFAllocatorRef a, CFStringRef string, CFStringEncoding encoding, UInt8 loss)",
    "CFIndex CFStringGetLength(CFStringRef string)",
    "UniChar CFStringGetCharacterAtIndex(CFStringRef string, CFIndex index)",
    "void CFStringGetCharacters(CFStringRef string, CFRange range, UniChar *buffer)",
    "const UniChar *CFStringGetCharactersPtr(CFStringRef string)",
    "Boolean CFStringGetCString(CFStringRef string, char *buffer, CFIndex size, CFStringEncoding encoding)",
    "const char *CFStringGetCStringPtr(CFStringRef string, CFStringEncoding encoding)",
    "CFIndex CFStringGetBytes(CFStringRef string, CFRange range, CFStringEncoding encoding, UInt8 loss, "
    "Boolean external, UInt8 *buffer, CFIndex size, CFIndex *used)",
    "CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding)",
    "SInt32 CFStringGetIntValue(CFStringRef string)",
    "double CFStringGetDoubleValue(CFStringRef string)",
    "CFComparisonResult CFStringCompare(CFStringRef a, CFStringRef b, CFStringCompareFlags options)",
    "Boolean CFStringHasPrefix(CFStringRef string, CFStringRef prefix)",
    "Boolean CFStringHasSuffix(CFStringRef string, CFStringRef suffix)",
    "CFRange CFStringFind(CFStringRef string, CFStringRef part, CFStringCompareFlags options)",
    "CFMutableStringRef CFStringCreateMutable(CFAllocatorRef allocator, CFIndex limit)",
    "CFMutableStringRef CFStringCreateMutableCopy(CFAllocatorRef allocator, CFIndex limit, CFStringRef string)",
    "void CFStringAppend(CFMutableStringRef string, CFStringRef tail)",
    "void CFStringAppendCString(CFMutableStringRef string, const char *text, CFStringEncoding encoding)",
    "void CFStringAppendCharacters(CFMutableStringRef string, const UniChar *text, CFIndex length)",
    "void CFStringAppendFormat(CFMutableStringRef string, CFDictionaryRef options, CFStringRef format, ...)",
    "void CFStringInsert(CFMutableStringRef string, CFIndex index, CFStringRef text)",
    "void CFStringDelete(CFMutableStringRef string, CFRange range)",
    "void CFStringReplace(CFMutableStringRef string, CFRange range, CFStringRef text)",
    "void CFStringReplaceAll(CFMutableStringRef string, CFStringRef text)",
)

CF_VALUES = (
    "CFTypeID CFNumberGetTypeID(void)",
    "CFNumberRef CFNumberCreate(CFAllocatorRef allocator, CFNumberType type, const void *value)",
    "Boolean CFNumberGetValue(CFNumberRef number, CFNumberType type, void *value)",
    "CFNumberType CFNumberGetType(CFNumberRef number)",
    "CFIndex CFNumberGetByteSize(CFNumberRef number)",
    "Boolean CFNumberIsFloatType(CFNumberRef number)",
    "CFComparisonResult CFNumberCompare(CFNumberRef a, CFNumberRef b, void *context)",
    "CFTypeID CFDateGetTypeID(void)",
    "CFDateRef CFDateCreate(CFAllocatorRef allocator, CFAbsoluteTime time)",
    "CFAbsoluteTime CFDateGetAbsoluteTime(CFDateRef date)",
    "CFTimeInterval CFDateGetTimeIntervalSinceDate(CFDateRef date, CFDateRef other)",
    "CFComparisonResult CFDateCompare(CFDateRef a, CFDateRef b, void *context)",
    "CFAbsoluteTime CFAbsoluteTimeGetCurrent(void)",
    "CFTypeID CFDataGetTypeID(void)",
    "CFDataRef CFDataCreate(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length)",
    "CFDataRef CFDataCreateWithBytesNoCopy("
    "CFAllocatorRef a, const UInt8 *bytes, CFIndex length, CFAllocatorRef deallocator)",
    "CFDataRef CFDataCreateCopy(CFAllocatorRef allocator, CFDataRef data)",
    "CFMutableDataRef CFDataCreateMutable(CFAllocatorRef allocator, CFIndex limit)",
    "CFMutableDataRef CFDataCreateMutableCopy(CFAllocatorRef allocator, CFIndex limit, CFDataRef data)",
    "CFIndex CFDataGetLength(CFDataRef data)",
    "const UInt8 *CFDataGetBytePtr(CFDataRef data)",
    "UInt8 *CFDataGetMutableBytePtr(CFMutableDataRef data)",
    "void CFDataGetBytes(CFDataRef data, CFRange range, UInt8 *buffer)",
    "void CFDataSetLength(CFMutableDataRef data, CFIndex length)",
    "void CFDataIncreaseLength(CFMutableDataRef data, CFIndex more)",
    "void CFDataAppendBytes(CFMutableDataRef data, const UInt8 *bytes, CFIndex length)",
    "void CFDataReplaceBytes(CFMutableDataRef data, CFRange range, const UInt8 *bytes, CFIndex length)",
    "void CFDataDeleteBytes(CFMutableDataRef data, CFRange range)",
    "CFTypeID CFUUIDGetTypeID(void)",
    "CFUUIDRef CFUUIDCreate(CFAllocatorRef allocator)",
    "CFUUIDBytes CFUUIDGetUUIDBytes(CFUUIDRef uuid)",
    "CFUUIDRef CFUUIDCreateFromUUIDBytes(CFAllocatorRef allocator, CFUUIDBytes bytes)",
    "CFUUIDRef CFUUIDCreateFromString(CFAllocatorRef allocator, CFStringRef text)",
    "CFStringRef CFUUIDCreateString(CFAllocatorRef allocator, CFUUIDRef uuid)",
    "CFUUIDRef CFUUIDGetConstantUUIDWithBytes(CFAllocatorRef allocator, UInt8 b0, UInt8 b1, UInt8 b2, UInt8 b3, "
    "UInt8 b4, UInt8 b5, UInt8 b6, UInt8 b7, UInt8 b8, UInt8 b9, UInt8 b10, UInt8 b11, UInt8 b12, UInt8 b13, "
    "UInt8 b14, UInt8 b15)",
)

CF_CONTAINERS = (
    "CFTypeID CFArrayGetTypeID(void)",
    "CFArrayRef CFArrayCreate("
    "CFAllocatorRef a, const void **values, CFIndex count, const CFArrayCallBacks *callbacks)",
    "CFArrayRef CFArrayCreateCopy(CFAllocatorRef allocator, CFArrayRef array)",
    "CFMutableArrayRef CFArrayCreateMutable("
    "CFAllocatorRef a, CFIndex capacity, const CFArrayCallBacks *callbacks)",
    "CFMutableArrayRef CFArrayCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity, CFArrayRef array)",
    "CFIndex CFArrayGetCount(CFArrayRef array)",
    "const void *CFArrayGetValueAtIndex(CFArrayRef array, CFIndex index)",
    "void CFArrayGetValues(CFArrayRef array, CFRange range, const void **values)",
    "Boolean CFArrayContainsValue(CFArrayRef array, CFRange range, const void *value)",
    "CFIndex CFArrayGetFirstIndexOfValue(CFArrayRef array, CFRange range, const void *value)",
    "CFIndex CFArrayGetCountOfValue(CFArrayRef array, CFRange range, const void *value)",
    "void CFArrayApplyFunction(CFArrayRef array, CFRange range, CFArrayApplierFunction function, void *context)",
    "void CFArrayAppendValue(CFMutableArrayRef array, const void *value)",
    "void CFArrayInsertValueAtIndex(CFMutableArrayRef array, CFIndex index, const void *value)",
    "void CFArraySetValueAtIndex(CFMutableArrayRef array, CFIndex index, const void *value)",
    "void CFArrayRemoveValueAtIndex(CFMutableArrayRef array, CFIndex index)",
    "void CFArrayRemoveAllValues(CFMutableArrayRef array)",
    "void CFArrayAppendArray(CFMutableArrayRef array, CFArrayRef other, CFRange range)",
    "void CFArraySortValues("
    "CFMutableArrayRef array, CFRange range, CFComparatorFunction comparator, void *context)",
    "CFTypeID CFDictionaryGetTypeID(void)",
    "CFDictionaryRef CFDictionaryCreate(CFAllocatorRef a, const void **keys, const void **values, CFIndex count, "
    "const CFDictionaryKeyCallBacks *key_callbacks, const CFDictionaryValueCallBacks *value_callbacks)",
    "CFDictionaryRef CFDictionaryCreateCopy(CFAllocatorRef allocator, CFDictionaryRef dictionary)",
    "CFMutableDictionaryRef CFDictionaryCreateMutable(CFAllocatorRef a, CFIndex capacity, "
    "const CFDictionaryKeyCallBacks *key_callbacks, const CFDictionaryValueCallBacks *value_callbacks)",
    "CFMutableDictionaryRef CFDictionaryCreateMutableCopy("
    "CFAllocatorRef a, CFIndex capacity, CFDictionaryRef dictionary)",
    "CFIndex CFDictionaryGetCount(CFDictionaryRef dictionary)",
    "Boolean CFDictionaryContainsKey(CFDictionaryRef dictionary, const void *key)",
    "Boolean CFDictionaryContainsValue(CFDictionaryRef dictionary, const void *value)",
    "const void *CFDictionaryGetValue(CFDictionaryRef dictionary, const void *key)",
    "Boolean CFDictionaryGetValueIfPresent(CFDictionaryRef dictionary, const void *key, const void **value)",
    "void CFDictionaryGetKeysAndValues(CFDictionaryRef dictionary, const void **keys, const void **values)",
    "void CFDictionaryApplyFunction("
    "CFDictionaryRef dictionary, CFDictionaryApplierFunction function, void *context)",
    "void CFDictionaryAddValue(CFMutableDictionaryRef dictionary, const void *key, const void *value)",
    "void CFDictionarySetValue(CFMutableDictionaryRef dictionary, const void *key, const void *value)",
    "void CFDictionaryReplaceValue(CFMutableDictionaryRef dictionary, const void *key, const void *value)",
    "void CFDictionaryRemoveValue(CFMutableDictionaryRef dictionary, const void *key)",
    "void CFDictionaryRemoveAllValues(CFMutableDictionaryRef dictionary)",
    "Boolean CFPropertyListIsValid(CFPropertyListRef plist, CFPropertyListFormat format)",
    "CFPropertyListRef CFPropertyListCreateDeepCopy("
    "CFAllocatorRef a, CFPropertyListRef plist, CFOptionFlags mutability)",
    "CFPropertyListRef CFPropertyListCreateWithData("
    "CFAllocatorRef a, CFDataRef data, CFOptionFlags options, CFPropertyListFormat *format, CFErrorRef *error)",
    "CFDataRef CFPropertyListCreateData("
    "CFAllocatorRef a, CFPropertyListRef plist, CFPropertyListFormat format, CFOptionFlags options, CFErrorRef *error)",
)

CF_FILES = (
    "CFTypeID CFURLGetTypeID(void)",
    "CFURLRef CFURLCreateFromFileSystemRepresentation("
    "CFAllocatorRef a, const UInt8 *path, CFIndex size, Boolean folder)",
    "CFURLRef CFURLCreateWithFileSystemPath("
    "CFAllocatorRef a, CFStringRef path, CFURLPathStyle style, Boolean folder)",
    "CFURLRef CFURLCreateWithBytes("
    "CFAllocatorRef a, const UInt8 *bytes, CFIndex size, CFStringEncoding encoding, CFURLRef base)",
    "CFURLRef CFURLCreateWithString(CFAllocatorRef allocator, CFStringRef text, CFURLRef base)",
    "CFURLRef CFURLCreateCopyAppendingPathComponent("
    "CFAllocatorRef a, CFURLRef url, CFStringRef component, Boolean folder)",
    "CFURLRef CFURLCreateCopyDeletingLastPathComponent(CFAllocatorRef allocator, CFURLRef url)",
    "CFURLRef CFURLCopyAbsoluteURL(CFURLRef url)",
    "CFStringRef CFURLGetString(CFURLRef url)",
    "CFStringRef CFURLCopyFileSystemPath(CFURLRef url, CFURLPathStyle style)",
    "CFStringRef CFURLCopyLastPathComponent(CFURLRef url)",
    "Boolean CFURLGetFileSystemRepresentation(CFURLRef url, Boolean resolve, UInt8 *buffer, CFIndex size)",
    "Boolean CFURLHasDirectoryPath(CFURLRef url)",
    "CFTypeID CFBundleGetTypeID(void)",
    "CFBundleRef CFBundleGetMainBundle(void)",
    "CFBundleRef CFBundleGetBundleWithIdentifier(CFStringRef identifier)",
    "CFBundleRef CFBundleCreate(CFAllocatorRef allocator, CFURLRef url)",
    "CFStringRef CFBundleGetIdentifier(CFBundleRef bundle)",
    "UInt32 CFBundleGetVersionNumber(CFBundleRef bundle)",
    "CFDictionaryRef CFBundleGetInfoDictionary(CFBundleRef bundle)",
    "CFTypeRef CFBundleGetValueForInfoDictionaryKey(CFBundleRef bundle, CFStringRef key)",
    "CFURLRef CFBundleCopyBundleURL(CFBundleRef bundle)",
    "CFURLRef CFBundleCopyExecutableURL(CFBundleRef bundle)",
    "CFURLRef CFBundleCopyResourcesDirectoryURL(CFBundleRef bundle)",
    "CFURLRef CFBundleCopyResourceURL("
    "CFBundleRef bundle, CFStringRef name, CFStringRef type, CFStringRef folder)",
    "CFStringRef CFBundleCopyLocalizedString("
    "CFBundleRef bundle, CFStringRef key, CFStringRef value, CFStringRef table)",
)

MACH = (
    "uint64_t mach_absolute_time(void)",
    "uint64_t mach_continuous_time(void)",
    "uint64_t mach_approximate_time(void)",
    "kern_return_t mach_timebase_info(mach_timebase_info_t info)",
    "UInt64 AudioGetCurrentHostTime(void)",
    "Float64 AudioGetHostClockFrequency(void)",
    "UInt64 AudioConvertHostTimeToNanos(UInt64 ticks)",
    "UInt64 AudioConvertNanosToHostTime(UInt64 nanoseconds)",
    "kern_return_t semaphore_create(task_t task, semaphore_t *semaphore, int policy, int value)",
    "kern_return_t semaphore_destroy(task_t task, semaphore_t semaphore)",
    "kern_return_t semaphore_signal(semaphore_t semaphore)",
    "kern_return_t semaphore_signal_all(semaphore_t semaphore)",
    "kern_return_t semaphore_wait(semaphore_t semaphore)",
    "kern_return_t semaphore_timedwait(semaphore_t semaphore, mach_timespec_t timeout)",
)

DISPATCH = (
    "dispatch_queue_t dispatch_queue_create(const char *label, dispatch_queue_attr_t attributes)",
    "dispatch_queue_attr_t dispatch_queue_attr_make_with_qos_class("
    "dispatch_queue_attr_t attributes, unsigned int quality, int priority)",
    "dispatch_queue_t dispatch_get_global_queue(long priority, unsigned long flags)",
    "const char *dispatch_queue_get_label(dispatch_queue_t queue)",
    "void dispatch_retain(dispatch_object_t object)",
    "void dispatch_release(dispatch_object_t object)",
    "void dispatch_resume(dispatch_object_t object)",
    "void dispatch_suspend(dispatch_object_t object)",
    "void dispatch_activate(dispatch_object_t object)",
    "void *dispatch_get_context(dispatch_object_t object)",
    "void dispatch_set_context(dispatch_object_t object, void *context)",
    "void dispatch_async_f(dispatch_queue_t queue, void *context, dispatch_function_t work)",
    "void dispatch_sync_f(dispatch_queue_t queue, void *context, dispatch_function_t work)",
    "void dispatch_after_f(dispatch_time_t when, dispatch_queue_t queue, void *context, dispatch_function_t work)",
    "void dispatch_once_f(dispatch_once_t *predicate, void *context, dispatch_function_t work)",
    "dispatch_time_t dispatch_time(dispatch_time_t when, int64_t nanoseconds)",
    "dispatch_time_t dispatch_walltime(const timespec *when, int64_t nanoseconds)",
    "dispatch_semaphore_t dispatch_semaphore_create(long value)",
    "long dispatch_semaphore_wait(dispatch_semaphore_t semaphore, dispatch_time_t timeout)",
    "long dispatch_semaphore_signal(dispatch_semaphore_t semaphore)",
    "dispatch_source_t dispatch_source_create("
    "dispatch_source_type_t type, unsigned long handle, unsigned long mask, dispatch_queue_t queue)",
    "void dispatch_source_set_timer("
    "dispatch_source_t source, dispatch_time_t start, uint64_t interval, uint64_t leeway)",
    "void dispatch_source_set_event_handler_f(dispatch_source_t source, dispatch_function_t handler)",
    "void dispatch_source_set_cancel_handler_f(dispatch_source_t source, dispatch_function_t handler)",
    "void dispatch_source_cancel(dispatch_source_t source)",
    "long dispatch_source_testcancel(dispatch_source_t source)",
)

#: In the header and in the pxd.
FUNCTIONS = (*CF_BASE, *CF_STRING, *CF_VALUES, *CF_CONTAINERS, *CF_FILES, *MACH, *DISPATCH)

#: Only in the header: what Cython has no type for.
HEADER_ONLY = (
    "CFStringRef CFStringCreateWithFormatAndArguments("
    "CFAllocatorRef a, CFDictionaryRef options, CFStringRef format, va_list arguments)",
    "struct dispatch_queue_s _dispatch_main_q",
    "struct dispatch_queue_attr_s _dispatch_queue_attr_concurrent",
    "const struct dispatch_source_type_s _dispatch_source_type_timer",
    "mach_port_t mach_task_self_",
)

#: With -fblocks.
BLOCKS = (
    "void dispatch_async(dispatch_queue_t queue, dispatch_block_t work)",
    "void dispatch_sync(dispatch_queue_t queue, dispatch_block_t work)",
    "void dispatch_after(dispatch_time_t when, dispatch_queue_t queue, dispatch_block_t work)",
    "void dispatch_once(dispatch_once_t *predicate, dispatch_block_t work)",
    "void dispatch_source_set_event_handler(dispatch_source_t source, dispatch_block_t handler)",
    "void dispatch_source_set_cancel_handler(dispatch_source_t source, dispatch_block_t handler)",
    "void *_Block_copy(const void *block)",
    "void _Block_release(const void *block)",
)

#: What Apple's headers define as macros or as numbers that the table does not have.
MACROS = """\
enum { kCFURLPOSIXPathStyle, kCFURLHFSPathStyle, kCFURLWindowsPathStyle };

#ifdef __clang__
#define CFSTR(text) ((CFStringRef)__builtin___CFStringMakeConstantString("" text ""))
#else
#define CFSTR(text) __CFStringMakeConstantString("" text "")
#endif

static inline CFRange CFRangeMake(CFIndex location, CFIndex length)
{
    CFRange range = {location, length};
    return range;
}

enum { KERN_SUCCESS = 0, KERN_INVALID_ARGUMENT = 4, KERN_TERMINATED = 37, KERN_OPERATION_TIMED_OUT = 49 };
enum { SYNC_POLICY_FIFO = 0 };
#define mach_task_self() mach_task_self_

#define DISPATCH_TIME_NOW 0ull
#define DISPATCH_TIME_FOREVER (~0ull)
#define DISPATCH_QUEUE_SERIAL NULL
#define DISPATCH_QUEUE_CONCURRENT (&_dispatch_queue_attr_concurrent)
#define DISPATCH_QUEUE_PRIORITY_HIGH 2
#define DISPATCH_QUEUE_PRIORITY_DEFAULT 0
#define DISPATCH_QUEUE_PRIORITY_LOW (-2)
#define DISPATCH_QUEUE_PRIORITY_BACKGROUND INT16_MIN
#define DISPATCH_WALLTIME_NOW (~1ull)
#define DISPATCH_SOURCE_TYPE_TIMER (&_dispatch_source_type_timer)
#define dispatch_get_main_queue() (&_dispatch_main_q)
#ifdef __APPLE__
#include <sys/qos.h>
#else
enum { QOS_CLASS_USER_INTERACTIVE = 0x21, QOS_CLASS_USER_INITIATED = 0x19, QOS_CLASS_DEFAULT = 0x15,
       QOS_CLASS_UTILITY = 0x11, QOS_CLASS_BACKGROUND = 0x09 };
#endif
#ifndef NSEC_PER_SEC
#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull
#define USEC_PER_SEC 1000000ull
#endif
"""

#: Apple's macros of three UUIDs; IUnknown's too is a call on macOS.
UUIDS = ("IUnknownUUID", "kAudioServerPlugInTypeUUID", "kAudioServerPlugInDriverInterfaceUUID")
