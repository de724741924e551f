# cython: language_level=3
"""CoreFoundation objects as Python values, and back; property lists as files; bundles.

Addresses are numbers. What a function makes, the caller releases with ``release``.
Importing this module gives the platform library its way to read and write
property lists. All may be called from any thread.
"""

import plistlib
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

from libc.stdint cimport int64_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from tympan.coreaudio cimport (
    CFAbsoluteTime, CFArrayAppendValue, CFArrayCreate, CFArrayCreateMutable, CFArrayGetCount, CFArrayGetValues,
    CFArrayRef, CFBooleanGetValue, CFBooleanRef, CFCopyDescription, CFDataAppendBytes, CFDataCreate,
    CFDataCreateMutable, CFDataGetBytePtr, CFDataGetLength, CFDataRef, CFDateCreate, CFDateGetAbsoluteTime, CFDateRef,
    CFDictionaryCreate, CFDictionaryCreateMutable, CFDictionaryGetCount, CFDictionaryGetKeysAndValues,
    CFDictionaryRef, CFDictionarySetValue, CFGetRetainCount, CFIndex, CFMutableArrayRef, CFMutableDataRef,
    CFMutableDictionaryRef, CFMutableStringRef, CFNumberCreate, CFNumberGetValue, CFNumberIsFloatType, CFNumberRef,
    CFPropertyListIsValid, CFPropertyListRef, CFRange, CFRelease, CFRetain, CFStringAppendCharacters,
    CFStringCreateMutable, CFStringCreateWithCharacters, CFStringGetCharacters, CFStringGetLength, CFStringRef,
    CFTypeRef, CFURLCreateWithBytes, CFURLGetString, CFURLRef, CFUUIDBytes, CFUUIDCreateFromUUIDBytes,
    CFUUIDGetUUIDBytes, CFUUIDRef, OSStatus, UInt8, UniChar, kAudioHardwareIllegalOperationError,
    kAudioHardwareUnspecifiedError, kCFBooleanFalse, kCFBooleanTrue, kCFNull, kCFNumberFloat64Type,
    kCFPropertyListBinaryFormat_v1_0, kCFPropertyListXMLFormat_v1_0,
    kCFStringEncodingUTF8, kCFTypeArrayCallBacks, kCFTypeDictionaryKeyCallBacks, kCFTypeDictionaryValueCallBacks,
)


cdef extern from "platform.h" nogil:
    ctypedef struct tympan_hooks:
        CFPropertyListRef (*read)(const UInt8*, CFIndex, CFIndex*) noexcept
        int (*write)(CFPropertyListRef, CFIndex, UInt8**, CFIndex*) noexcept
        void (*bundle)(const char*) noexcept

    enum:
        TYMPAN_STRING, TYMPAN_UUID, TYMPAN_URL, TYMPAN_NUMBER, TYMPAN_BOOLEAN, TYMPAN_DATA, TYMPAN_ARRAY
        TYMPAN_DICTIONARY, TYMPAN_DATE, TYMPAN_NULL, TYMPAN_MISUSE, TYMPAN_WRONG_TYPE

    int tympan_kind_of(const void* address)
    void tympan_ledger_immortal(int on)
    void tympan_ledger_report(int kind, const char* call, const char* sentence)
    void tympan_set_hooks(const tympan_hooks* hooks)
    void tympan_bundle_add(const char* path, CFDictionaryRef info)
    CFNumberRef tympan_number_wide(uint64_t low, int64_t high)
    int tympan_number_get_wide(CFNumberRef number, uint64_t* low, int64_t* high)


class Url(str):
    """The text of a CFURL, which is no property list value and so has no type of its own in Python."""


# --- objects -------------------------------------------------------------------


def retain(uintptr_t address):
    """CFRetain."""
    CFRetain(<CFTypeRef>address)


def release(uintptr_t address):
    """CFRelease."""
    CFRelease(<CFTypeRef>address)


def retain_count(uintptr_t address):
    """CFGetRetainCount."""
    return CFGetRetainCount(<CFTypeRef>address)


def describe(uintptr_t address):
    """CFCopyDescription as text, such as {"a" = [1, 2.5, true, <00ff>]}."""
    cdef CFStringRef text = CFCopyDescription(<CFTypeRef>address)
    try:
        return _string_value(text)
    finally:
        CFRelease(<CFTypeRef>text)


def to_cf(value, bint mutable=False):
    """A new CoreFoundation object for a Python value, as an address that the caller release()s.

    bool, int (64 bits, signed or unsigned), float, str, bytes, datetime (naive: UTC), list or tuple, and dict
    make property lists; None (CFNull), UUID and Url make what is none. ``mutable``: containers and leaves too.
    """
    return <uintptr_t>_make(value, mutable, 0)


def from_cf(uintptr_t address):
    """The Python value of a live CoreFoundation object; ValueError when it is none or has none."""
    return value_of(<CFTypeRef>address)


def make_number(value, uint64_t number_type):
    """A CFNumber of any CFNumberType (1 to 16), such as 3 for kCFNumberSInt32Type; release() it."""
    cdef int64_t whole
    cdef double real
    cdef float small
    if number_type in (5, 12):
        small = value
        return <uintptr_t>CFNumberCreate(NULL, <CFIndex>number_type, &small)
    if number_type in (6, 13, 16):
        real = value
        return <uintptr_t>CFNumberCreate(NULL, <CFIndex>number_type, &real)
    whole = value
    return <uintptr_t>CFNumberCreate(NULL, <CFIndex>number_type, &whole)


# --- Python values to CoreFoundation's -------------------------------------------


DEEPEST = 200
_EPOCH = datetime(2001, 1, 1)


cdef CFTypeRef cf_of(object value) except NULL:
    return _make(value, False, 0)


cdef CFTypeRef _make(object value, bint mutable, int depth) except NULL:
    if depth > DEEPEST:
        raise ValueError(f"the value has more than {DEEPEST} containers inside each other")
    if value is None:
        return CFRetain(<CFTypeRef>kCFNull)
    if isinstance(value, bool):
        return CFRetain(<CFTypeRef>(kCFBooleanTrue if value else kCFBooleanFalse))
    if isinstance(value, int):
        return _make_integer(value)
    if isinstance(value, float):
        return _make_real(value)
    if isinstance(value, Url):
        return _make_url(str(value))
    if isinstance(value, str):
        return _make_string(str(value), mutable)
    if isinstance(value, bytes | bytearray | memoryview):
        return _make_data(bytes(value), mutable)
    if isinstance(value, datetime):
        return _make_date(value)
    if isinstance(value, UUID):
        return _make_uuid(value.bytes)
    if isinstance(value, dict):
        return _make_dictionary(dict(value), mutable, depth)
    if isinstance(value, list | tuple):
        return _make_array(value, mutable, depth)
    raise TypeError(f"a {type(value).__name__} has no CoreFoundation form")


cdef CFTypeRef _make_integer(object value) except NULL:
    if not -(1 << 63) <= value < 1 << 64:
        raise ValueError(f"{value} does not fit into 64 bits")
    return <CFTypeRef>tympan_number_wide(<uint64_t>(value & 0xFFFFFFFFFFFFFFFF), -1 if value < 0 else 0)


cdef CFTypeRef _make_real(double value) except NULL:
    return <CFTypeRef>CFNumberCreate(NULL, kCFNumberFloat64Type, &value)


cdef CFTypeRef _make_string(str value, bint mutable) except NULL:
    cdef bytes text = value.encode("utf-16-le", "surrogatepass")
    cdef const char* units = text
    cdef CFIndex length = len(text) // 2
    cdef CFMutableStringRef changing
    if not mutable:
        return <CFTypeRef>CFStringCreateWithCharacters(NULL, <const UniChar*>units, length)
    changing = CFStringCreateMutable(NULL, 0)
    CFStringAppendCharacters(changing, <const UniChar*>units, length)
    return <CFTypeRef>changing


cdef CFTypeRef _make_data(bytes value, bint mutable) except NULL:
    cdef const char* data = value
    cdef CFMutableDataRef changing
    if not mutable:
        return <CFTypeRef>CFDataCreate(NULL, <const UInt8*>data, len(value))
    changing = CFDataCreateMutable(NULL, 0)
    CFDataAppendBytes(changing, <const UInt8*>data, len(value))
    return <CFTypeRef>changing


cdef CFTypeRef _make_date(object value) except NULL:
    if value.tzinfo is not None:
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return <CFTypeRef>CFDateCreate(NULL, (value - _EPOCH) / timedelta(seconds=1))


cdef CFTypeRef _make_uuid(bytes value) except NULL:
    cdef CFUUIDBytes data
    memcpy(&data, <const char*>value, 16)
    return <CFTypeRef>CFUUIDCreateFromUUIDBytes(NULL, data)


cdef CFTypeRef _make_url(str value) except NULL:
    cdef bytes text = value.encode()
    cdef const char* data = text
    cdef CFURLRef url = CFURLCreateWithBytes(NULL, <const UInt8*>data, len(text), kCFStringEncodingUTF8, NULL)
    if url == NULL:
        raise ValueError(f"{str(value)!r} is no URL")
    return <CFTypeRef>url


cdef CFTypeRef _make_array(object value, bint mutable, int depth) except NULL:
    cdef CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks)
    cdef CFTypeRef item
    cdef CFArrayRef copy
    try:
        for part in value:
            item = _make(part, mutable, depth + 1)
            CFArrayAppendValue(array, item)
            CFRelease(item)
    except BaseException:
        CFRelease(<CFTypeRef>array)
        raise
    if mutable:
        return <CFTypeRef>array
    copy = _frozen_array(array)
    CFRelease(<CFTypeRef>array)
    return <CFTypeRef>copy


cdef CFArrayRef _frozen_array(CFMutableArrayRef array):
    cdef CFRange every
    cdef const void** items
    every.location, every.length = 0, CFArrayGetCount(<CFArrayRef>array)
    items = <const void**>malloc((every.length + 1) * sizeof(void*))
    CFArrayGetValues(<CFArrayRef>array, every, items)
    cdef CFArrayRef frozen = CFArrayCreate(NULL, items, every.length, &kCFTypeArrayCallBacks)
    free(items)
    return frozen


cdef CFTypeRef _make_dictionary(dict value, bint mutable, int depth) except NULL:
    cdef CFMutableDictionaryRef pairs = CFDictionaryCreateMutable(
        NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks)
    cdef CFTypeRef key
    cdef CFTypeRef item
    cdef CFDictionaryRef copy
    try:
        for name, part in value.items():
            key = _make(name, False, depth + 1)
            try:
                item = _make(part, mutable, depth + 1)
                CFDictionarySetValue(pairs, key, item)
                CFRelease(item)
            finally:
                CFRelease(key)
    except BaseException:
        CFRelease(<CFTypeRef>pairs)
        raise
    if mutable:
        return <CFTypeRef>pairs
    copy = _frozen_dictionary(pairs)
    CFRelease(<CFTypeRef>pairs)
    return <CFTypeRef>copy


cdef CFDictionaryRef _frozen_dictionary(CFMutableDictionaryRef pairs):
    cdef CFIndex count = CFDictionaryGetCount(<CFDictionaryRef>pairs)
    cdef const void** items = <const void**>malloc((2 * count + 1) * sizeof(void*))
    CFDictionaryGetKeysAndValues(<CFDictionaryRef>pairs, items, items + count)
    cdef CFDictionaryRef frozen = CFDictionaryCreate(
        NULL, items, items + count, count, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks)
    free(items)
    return frozen


# --- CoreFoundation's values to Python's -------------------------------------------


cdef object value_of(CFTypeRef reference):
    return _value(reference, 0)


cdef object _value(CFTypeRef reference, int depth):
    cdef int kind = tympan_kind_of(reference)
    cdef CFUUIDBytes uuid
    if depth > DEEPEST:
        raise ValueError("the containers hold each other")
    if kind == TYMPAN_STRING:
        return _string_value(<CFStringRef>reference)
    if kind == TYMPAN_NUMBER:
        return _number_value(<CFNumberRef>reference)
    if kind == TYMPAN_BOOLEAN:
        return bool(CFBooleanGetValue(<CFBooleanRef>reference))
    if kind == TYMPAN_DATA:
        return (<const char*>CFDataGetBytePtr(<CFDataRef>reference))[:CFDataGetLength(<CFDataRef>reference)]
    if kind == TYMPAN_ARRAY:
        return _array_value(<CFArrayRef>reference, depth)
    if kind == TYMPAN_DICTIONARY:
        return _dictionary_value(<CFDictionaryRef>reference, depth)
    if kind == TYMPAN_DATE:
        return _date_value(CFDateGetAbsoluteTime(<CFDateRef>reference))
    if kind == TYMPAN_NULL:
        return None
    if kind == TYMPAN_UUID:
        uuid = CFUUIDGetUUIDBytes(<CFUUIDRef>reference)
        return UUID(bytes=(<const char*>&uuid)[:16])
    if kind == TYMPAN_URL:
        return Url(_string_value(CFURLGetString(<CFURLRef>reference)))
    what = "is an object without a Python value" if kind else "is no live object"
    raise ValueError(f"{<uintptr_t>reference:#x} {what}")


cdef object _string_value(CFStringRef string):
    cdef CFRange every
    every.location, every.length = 0, CFStringGetLength(string)
    cdef bytearray units = bytearray(2 * every.length + 2)
    CFStringGetCharacters(string, every, <UniChar*><char*>units)
    return bytes(units[:2 * every.length]).decode("utf-16-le", "surrogatepass")


cdef object _number_value(CFNumberRef number):
    cdef uint64_t low
    cdef int64_t high
    cdef double real
    if CFNumberIsFloatType(number) or not tympan_number_get_wide(number, &low, &high):
        CFNumberGetValue(number, kCFNumberFloat64Type, &real)
        return real
    cdef object upper = high
    return (upper << 64) | low


cdef object _date_value(CFAbsoluteTime time):
    try:
        return _EPOCH + timedelta(seconds=time)
    except (OverflowError, ValueError):
        raise ValueError(f"a CFDate {time:g} s from 2001 is outside of Python's calendar") from None


cdef object _array_value(CFArrayRef array, int depth):
    cdef CFRange every
    cdef CFIndex i
    every.location, every.length = 0, CFArrayGetCount(array)
    cdef const void** items = <const void**>malloc((every.length + 1) * sizeof(void*))
    CFArrayGetValues(array, every, items)
    try:
        return [_value(items[i], depth + 1) for i in range(every.length)]
    finally:
        free(items)


cdef object _dictionary_value(CFDictionaryRef dictionary, int depth):
    cdef CFIndex count = CFDictionaryGetCount(dictionary)
    cdef CFIndex i
    cdef const void** items = <const void**>malloc((2 * count + 1) * sizeof(void*))
    CFDictionaryGetKeysAndValues(dictionary, items, items + count)
    found = {}
    try:
        for i in range(count):
            found[_value(items[i], depth + 1)] = _value(items[count + i], depth + 1)
        return found
    except TypeError:
        raise ValueError("a CFDictionary with a container as a key has no Python value") from None
    finally:
        free(items)


cdef bint is_property_list(CFTypeRef reference):
    return tympan_kind_of(reference) and CFPropertyListIsValid(reference, kCFPropertyListBinaryFormat_v1_0)


# --- storage ---------------------------------------------------------------------------


MISSING = ("error", "null", "untouched")


cdef class Storage:
    """What CopyFromStorage, WriteToStorage and DeleteFromStorage of one plug-in work on.

    Values are kept as Python's: the real host is another process, so what a driver reads is never
    the object that it wrote, and is immutable. ``missing``: what reading a key that is not there does:
    "error" (a status, and NULL), "null" (0, and NULL) or "untouched" (a status, and nothing written). ``refuses``:
    nothing can be written, as on a full disk.
    Every method takes the GIL; any thread.
    """

    def __cinit__(self):
        self.values = {}
        self.missing = "error"

    def put(self, str key, value):
        """Put a value there, as an earlier version of the driver may have: of any type that to_cf makes."""
        release(to_cf(value))
        self.values[key] = deepcopy(value)

    def load(self, dict values):
        """Put all of these there instead of what is, as a host that starts again."""
        for value in values.values():
            release(to_cf(value))
        self.values = deepcopy(values)

    def save(self):
        """All that is there, as {key: Python value}, for load()."""
        return deepcopy(self.values)

    cdef OSStatus copy(self, CFStringRef key, CFPropertyListRef* out):
        name = _key_of(key, "CopyFromStorage")
        if name in self.values:
            out[0] = <CFPropertyListRef>cf_of(self.values[name])
            return 0
        if self.missing != "untouched":
            out[0] = NULL
        return 0 if self.missing == "null" and name is not None else kAudioHardwareUnspecifiedError

    cdef OSStatus write(self, CFStringRef key, CFPropertyListRef value):
        name = _key_of(key, "WriteToStorage")
        if name is None:
            return kAudioHardwareIllegalOperationError
        if self.refuses:
            return kAudioHardwareUnspecifiedError
        try:
            if not is_property_list(<CFTypeRef>value):
                raise ValueError(describe(<uintptr_t>value) if tympan_kind_of(<CFTypeRef>value) else "no object")
            self.values[name] = value_of(<CFTypeRef>value)
        except ValueError as error:
            sentence = f"WriteToStorage of what is no property list: {error}"
            tympan_ledger_report(TYMPAN_MISUSE, "WriteToStorage", sentence.encode("utf-8", "replace"))
            return kAudioHardwareIllegalOperationError
        return 0

    cdef OSStatus remove(self, CFStringRef key):
        name = _key_of(key, "DeleteFromStorage")
        return 0 if self.values.pop(name, self) is not self else kAudioHardwareUnspecifiedError


cdef object _key_of(CFStringRef key, str call):
    """The text of a key; None, and a problem, for what is no string."""
    if tympan_kind_of(<CFTypeRef>key) == TYMPAN_STRING:
        return _string_value(key)
    sentence = f"{call} with a key that is no CFString"
    tympan_ledger_report(TYMPAN_WRONG_TYPE, call.encode(), sentence.encode())
    return None


# --- property lists as files, and bundles: called by the C side ----------------------


_FORMATS = {kCFPropertyListXMLFormat_v1_0: plistlib.FMT_XML, kCFPropertyListBinaryFormat_v1_0: plistlib.FMT_BINARY}


cdef CFPropertyListRef _read_plist(const UInt8* data, CFIndex size, CFIndex* form) noexcept with gil:
    cdef bytes text = (<const char*>data)[:size]
    try:
        form[0] = kCFPropertyListBinaryFormat_v1_0 if text[:6] == b"bplist" else kCFPropertyListXMLFormat_v1_0
        return <CFPropertyListRef>_make(plistlib.loads(text), False, 0)
    except Exception:  # whatever it is that cannot be read
        return NULL


cdef int _write_plist(CFPropertyListRef plist, CFIndex form, UInt8** data, CFIndex* size) noexcept with gil:
    cdef bytes text
    try:
        text = plistlib.dumps(value_of(plist), fmt=_FORMATS[form], sort_keys=False)
    except Exception:  # a format that there is not, or a value that this format cannot hold
        return 0
    size[0] = len(text)
    data[0] = <UInt8*>malloc(len(text))
    memcpy(data[0], <const char*>text, len(text))
    return 1


cdef void _find_bundle(const char* path) noexcept with gil:
    try:
        add_bundle(path.decode("utf-8", "surrogateescape"))
    except Exception:  # a folder without an Info.plist is no bundle
        pass


def add_bundle(path, info=None):
    """Make a bundle known to CFBundleGetBundleWithIdentifier, as loading it does; for one that dlopen did not load.

    ``info``: its Info.plist as a dict; read from the bundle by default.
    """
    path = Path(path)
    if info is None:
        info = plistlib.loads((path / "Contents" / "Info.plist").read_bytes())
    tympan_ledger_immortal(1)
    try:
        tympan_bundle_add(str(path).encode("utf-8", "surrogateescape"), <CFDictionaryRef>_make(info, False, 0))
    finally:
        tympan_ledger_immortal(0)


cdef tympan_hooks _hooks
_hooks.read, _hooks.write, _hooks.bundle = _read_plist, _write_plist, _find_bundle
tympan_set_hooks(&_hooks)
