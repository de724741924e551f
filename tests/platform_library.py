"""The platform library as a driver sees it: every function of coreaudio.h through ctypes, by the header's own types."""

import ctypes
import re
from pathlib import Path

import pytest

from tympan.testing import _platform

HEADER = Path(__file__).parent.parent / "tympan" / "coreaudio.h"
UTF8, ASCII, LATIN1, MACROMAN = 0x08000100, 0x0600, 0x0201, 0
UTF16, UTF16BE, UTF16LE, UTF32LE = 0x0100, 0x10000100, 0x14000100, 0x1C000100


class Range(ctypes.Structure):
    """CFRange."""

    _fields_ = [("location", ctypes.c_long), ("length", ctypes.c_long)]

    def __iter__(self):
        return iter((self.location, self.length))


class UUIDBytes(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint8 * 16)]


class MachTime(ctypes.Structure):
    """mach_timespec_t."""

    _fields_ = [("tv_sec", ctypes.c_uint), ("tv_nsec", ctypes.c_int)]


WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
LONGS = "long|CFIndex|CFNumberType|CFComparisonResult|CFPropertyListFormat|CFURLPathStyle|int64_t|dispatch_once_t"
TYPES = [
    (r"void", None),
    (r"(const )?char \*", ctypes.c_char_p),
    (r".*(\*|Ref|Function)|dispatch_(queue|source|object|semaphore|function)\w*_t", ctypes.c_void_p),
    (r"mach_timebase_info_t", ctypes.c_void_p),
    (r"CFRange", Range),
    (r"CFUUIDBytes", UUIDBytes),
    (r"mach_timespec_t", MachTime),
    (LONGS, ctypes.c_long),
    (r"unsigned long|CF(TypeID|HashCode|OptionFlags|StringCompareFlags)", ctypes.c_ulong),
    (r"uint64_t|UInt64|dispatch_time_t", ctypes.c_ulong),
    (r"Boolean|UInt8", ctypes.c_uint8),
    (r"UniChar", ctypes.c_uint16),
    (r"CFStringEncoding|UInt32|mach_port_t|semaphore_t|task_t|unsigned int", ctypes.c_uint32),
    (r"SInt32|int|kern_return_t", ctypes.c_int),
    (r"double|Float64|CFAbsoluteTime|CFTimeInterval", ctypes.c_double),
]


def ctype(spelled):
    """The ctypes type of one C type."""
    for pattern, kind in TYPES:
        if re.fullmatch(pattern, spelled.strip()):
            return kind
    raise ValueError(f"{spelled!r} is a C type that tests/platform_library.py does not know")


def prototypes():
    """(name, result, [argument types]) of every function of the header, without the argument's names."""
    text = HEADER.read_text().partition("push(default)")[2].partition("#ifdef __BLOCKS__")[0]
    for result, name, arguments in re.findall(r"^extern (.+?)(\w+)\((.*)\);$", text, re.MULTILINE):
        kinds = [re.sub(r"\w+(\[\d+\])?$", "", argument) for argument in re.split(r", (?![^(]*\))", arguments)]
        yield name, result, [] if arguments == "void" else kinds


def declare(library):
    """Give ctypes the header's types; a buffer to write to is passed as an object of ctypes."""
    for name, result, arguments in prototypes():
        function = getattr(library, name)
        fixed = [kind for kind in arguments if kind.strip() not in ("...", "va_list ", "va_list", "")]
        function.restype = ctype(result)
        function.argtypes = [ctypes.c_void_p if kind.strip() == "char *" else ctype(kind) for kind in fixed]
    return library


lib = declare(ctypes.CDLL(_platform.__file__))


def constant(name):
    """The address in a variable such as kCFBooleanTrue."""
    return ctypes.c_void_p.in_dll(lib, name).value


def callbacks(name):
    """The address of a variable such as kCFTypeArrayCallBacks."""
    return ctypes.addressof(ctypes.c_char.in_dll(lib, name))


def make(text, encoding=UTF8):
    """CFStringCreateWithCString."""
    return lib.CFStringCreateWithCString(None, text.encode() if isinstance(text, str) else text, encoding)


def text_of(string):
    """The text of a CFString."""
    size = lib.CFStringGetMaximumSizeForEncoding(lib.CFStringGetLength(string), UTF8) + 1
    buffer = ctypes.create_string_buffer(size)
    assert lib.CFStringGetCString(string, buffer, size, UTF8)
    return buffer.value.decode()


def take_text(string):
    """The text of a CFString that the caller owns, which is released."""
    try:
        return text_of(string)
    finally:
        lib.CFRelease(string)


def addresses(*values):
    """An array of pointers."""
    return (ctypes.c_void_p * max(len(values), 1))(*values)


def told():
    """The sentences about what was wrong, and forgets them: a test that leaves one unread fails."""
    found = _platform.problems()
    _platform.clear_problems()
    return found


@pytest.fixture(autouse=True)
def clean():
    """Import it: each test begins without problems, and ends with none unread and nothing left alive."""
    _platform.clear_problems()
    mark = _platform.mark()
    yield
    _platform.set_queue_threaded(False)
    _platform.set_clock(True)
    problems, alive = told(), _platform.live_objects(mark)
    assert (problems, alive) == ([], [])
