# cython: language_level=3
"""Property lists as Python values: bool, int, float, str, bytes, datetime (naive: UTC), list and dict.

In a bundle only when its driver has properties of its own, or settings. ``datetime`` is there when the driver
imports it; otherwise a date has no value.
"""

import sys

from cpython.unicode cimport PyUnicode_AsUTF16String, PyUnicode_DecodeUTF16
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc

from tympan.coreaudio cimport (
    CFArrayCreate, CFArrayGetCount, CFArrayGetTypeID, CFArrayGetValues, CFArrayRef, CFBooleanGetTypeID,
    CFBooleanGetValue, CFBooleanRef, CFDataCreate, CFDataGetBytePtr, CFDataGetLength, CFDataGetTypeID, CFDataRef,
    CFDateCreate, CFDateGetAbsoluteTime, CFDateGetTypeID, CFDateRef, CFDictionaryCreate, CFDictionaryGetCount,
    CFDictionaryGetKeysAndValues, CFDictionaryGetTypeID, CFDictionaryRef, CFGetTypeID, CFIndex, CFNumberCreate,
    CFNumberGetByteSize, CFNumberGetTypeID, CFNumberGetValue, CFNumberIsFloatType, CFNumberRef, CFRange, CFRelease,
    CFRetain, CFStringCreateWithCharacters, CFStringGetCharacters, CFStringGetLength, CFStringGetTypeID, CFStringRef,
    CFTypeID, CFTypeRef, UInt8, UniChar, kCFBooleanFalse, kCFBooleanTrue, kCFNumberFloat64Type, kCFNumberSInt64Type,
    kCFTypeArrayCallBacks, kCFTypeDictionaryKeyCallBacks, kCFTypeDictionaryValueCallBacks,
)

cdef enum:
    DEEPEST = 100               # lists and dictionaries inside each other


# ---- Python to CoreFoundation ----

cdef CFTypeRef cf_of(object value) except NULL:
    return _made(value, 0)


cdef CFTypeRef _made(object value, int depth) except NULL:
    cdef CFTypeRef made = NULL
    if depth > DEEPEST:
        raise ValueError(f"more than {DEEPEST} lists and dictionaries are inside each other")
    if isinstance(value, bool):
        made = CFRetain(<CFTypeRef>(kCFBooleanTrue if value else kCFBooleanFalse))
    elif isinstance(value, (list, tuple)):
        made = _made_array(value, depth)
    elif isinstance(value, dict):
        made = _made_dictionary(value, depth)
    else:
        made = _made_leaf(value)
    if made is NULL:
        raise MemoryError
    return made


cdef CFTypeRef _made_leaf(object value) except? NULL:
    cdef int64_t whole
    cdef double real
    cdef bytes data
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise ValueError(f"{value} has more than 64 bits")
        whole = value
        return <CFTypeRef>CFNumberCreate(NULL, kCFNumberSInt64Type, &whole)
    if isinstance(value, float):
        real = value
        return <CFTypeRef>CFNumberCreate(NULL, kCFNumberFloat64Type, &real)
    if isinstance(value, str):
        data = PyUnicode_AsUTF16String(value)       # in native order, after a mark; a bundle has no codec of that name
        return <CFTypeRef>CFStringCreateWithCharacters(NULL, <const UniChar*><const char*>data + 1, len(data) // 2 - 1)
    if isinstance(value, bytes):
        return <CFTypeRef>CFDataCreate(NULL, <const UInt8*><const char*>value, len(value))
    if type(value).__name__ == "datetime":
        return <CFTypeRef>CFDateCreate(NULL, _seconds(value))
    raise TypeError(f"{value!r} has no place in a property list")


cdef void _drop(const void** items, CFIndex count) noexcept:
    cdef CFIndex i
    for i in range(count):
        CFRelease(items[i])
    free(items)


cdef CFTypeRef _made_array(object value, int depth) except? NULL:
    cdef const void** items = <const void**>malloc((len(value) + 1) * sizeof(void*))
    cdef CFIndex count = 0
    if items is NULL:
        raise MemoryError
    try:
        for item in value:
            items[count] = _made(item, depth + 1)
            count += 1
        return <CFTypeRef>CFArrayCreate(NULL, items, count, &kCFTypeArrayCallBacks)
    finally:
        _drop(items, count)


cdef CFTypeRef _made_dictionary(dict value, int depth) except? NULL:
    cdef CFIndex count = len(value), made = 0
    cdef const void** items = <const void**>malloc((2 * count + 1) * sizeof(void*))
    if items is NULL:
        raise MemoryError
    try:
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{key!r} is a key of a dictionary, and no str")
            items[made] = _made(key, depth + 1)
            made += 1
        for item in value.values():
            items[made] = _made(item, depth + 1)
            made += 1
        return <CFTypeRef>CFDictionaryCreate(
            NULL, items, items + count, count, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks
        )
    finally:
        _drop(items, made)


# ---- CoreFoundation to Python ----

cdef object value_of(CFTypeRef reference):
    return _value(reference, 0)


cdef object _value(CFTypeRef reference, int depth):
    cdef CFTypeID kind
    if reference is NULL or depth > DEEPEST:
        raise ValueError("the value is NULL, or too deep")
    kind = CFGetTypeID(reference)
    if kind == CFStringGetTypeID():
        return _text(<CFStringRef>reference)
    if kind == CFNumberGetTypeID():
        return _number(<CFNumberRef>reference)
    if kind == CFBooleanGetTypeID():
        return bool(CFBooleanGetValue(<CFBooleanRef>reference))
    if kind == CFDataGetTypeID():
        return (<const char*>CFDataGetBytePtr(<CFDataRef>reference))[:CFDataGetLength(<CFDataRef>reference)]
    if kind == CFArrayGetTypeID():
        return _list(<CFArrayRef>reference, depth)
    if kind == CFDictionaryGetTypeID():
        return _dict(<CFDictionaryRef>reference, depth)
    if kind == CFDateGetTypeID():
        return _date(CFDateGetAbsoluteTime(<CFDateRef>reference))
    raise ValueError("the value is no property list")


cdef object _text(CFStringRef string):
    cdef CFRange every
    cdef bytearray units
    cdef int order
    every.location, every.length = 0, CFStringGetLength(string)
    units = bytearray(2 * every.length + 2)
    CFStringGetCharacters(string, every, <UniChar*><char*>units)
    order = -1 if sys.byteorder == "little" else 1
    return PyUnicode_DecodeUTF16(<char*>units, 2 * every.length, NULL, &order)


cdef object _number(CFNumberRef number):
    cdef int64_t whole
    cdef double real
    if CFNumberIsFloatType(number):
        CFNumberGetValue(number, kCFNumberFloat64Type, &real)
        return real
    if CFNumberGetByteSize(number) > 8 or not CFNumberGetValue(number, kCFNumberSInt64Type, &whole):
        raise ValueError("a number has more than 64 bits")
    return whole


cdef object _list(CFArrayRef array, int depth):
    cdef CFRange every
    cdef CFIndex i
    cdef const void** items
    every.location, every.length = 0, CFArrayGetCount(array)
    items = <const void**>malloc((every.length + 1) * sizeof(void*))
    if items is NULL:
        raise MemoryError
    try:
        CFArrayGetValues(array, every, items)
        return [_value(items[i], depth + 1) for i in range(every.length)]
    finally:
        free(items)


cdef object _dict(CFDictionaryRef dictionary, int depth):
    cdef CFIndex count = CFDictionaryGetCount(dictionary)
    cdef CFIndex i
    cdef const void** items = <const void**>malloc((2 * count + 1) * sizeof(void*))
    if items is NULL:
        raise MemoryError
    try:
        CFDictionaryGetKeysAndValues(dictionary, items, items + count)
        if not all([CFGetTypeID(items[i]) == CFStringGetTypeID() for i in range(count)]):
            raise ValueError("a key of a dictionary is no text")
        return {_value(items[i], depth + 1): _value(items[count + i], depth + 1) for i in range(count)}
    finally:
        free(items)


# ---- dates: seconds from the first moment of 2001, UTC ----

cdef double _seconds(object moment) except? -1.0:
    module = sys.modules[type(moment).__module__]
    if moment.tzinfo is not None:
        moment = moment.astimezone(module.timezone.utc).replace(tzinfo=None)
    return (moment - module.datetime(2001, 1, 1)) / module.timedelta(seconds=1)


cdef object _date(double seconds):
    module = sys.modules.get("datetime")
    if module is None:
        raise ValueError("a date needs a driver that imports datetime")
    try:
        return module.datetime(2001, 1, 1) + module.timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise ValueError(f"a date {seconds:g} s from 2001 is outside of Python's calendar") from None
