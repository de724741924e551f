"""CFNumber, CFBoolean, CFNull, CFDate and CFUUID, after Apple's reference of each."""

import ctypes
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_library import ASCII, UUIDBytes, clean, constant, lib, make, take_text, told

from tympan.testing import _platform, _values

__all__ = ["clean"]
INT8, INT16, INT32, INT64, FLOAT32, FLOAT64 = 1, 2, 3, 4, 5, 6
CHAR, SHORT, INT, LONG, LONG_LONG, FLOAT, DOUBLE, CFINDEX, NSINTEGER, CGFLOAT = range(7, 17)
#: CFNumberType: its form for struct, and the type of fixed width that it is.
FORMS = {
    INT8: ("b", INT8), INT16: ("h", INT16), INT32: ("i", INT32), INT64: ("q", INT64), FLOAT32: ("f", FLOAT32),
    FLOAT64: ("d", FLOAT64), CHAR: ("b", INT8), SHORT: ("h", INT16), INT: ("i", INT32), LONG: ("q", INT64),
    LONG_LONG: ("q", INT64), FLOAT: ("f", FLOAT32), DOUBLE: ("d", FLOAT64), CFINDEX: ("q", INT64),
    NSINTEGER: ("q", INT64), CGFLOAT: ("d", FLOAT64),
}  # fmt: skip
LESS, EQUAL, GREATER = -1, 0, 1
finite = st.floats(allow_nan=False, allow_infinity=False)


def number(value, kind):
    """CFNumberCreate."""
    return lib.CFNumberCreate(None, kind, struct.pack(FORMS[kind][0], value))


def get(address, kind):
    """CFNumberGetValue: (whether nothing was lost, the value)."""
    form = FORMS[kind][0]
    buffer = ctypes.create_string_buffer(b"\x5a" * 8, 8)
    kept = lib.CFNumberGetValue(address, kind, buffer)
    assert buffer.raw[struct.calcsize(form):] == b"\x5a" * (8 - struct.calcsize(form)), "wrote too much"
    return bool(kept), struct.unpack_from(form, buffer.raw)[0]


def compare(a, b):
    """CFNumberCompare of (value, type) each."""
    x, y = number(*a), number(*b)
    order = lib.CFNumberCompare(x, y, None)
    lib.CFRelease(x)
    lib.CFRelease(y)
    return order


@pytest.mark.parametrize("kind", FORMS)
def test_every_type_keeps_its_value(kind):
    form, fixed = FORMS[kind]
    value = -100 if form in "bhiq" else -0.5
    address = number(value, kind)
    assert get(address, kind) == (True, value)
    assert lib.CFNumberGetType(address) == fixed
    assert lib.CFNumberGetByteSize(address) == struct.calcsize(form)
    assert lib.CFNumberIsFloatType(address) == (form in "fd")
    assert lib.CFGetTypeID(address) == lib.CFNumberGetTypeID()
    lib.CFRelease(address)


@pytest.mark.parametrize(
    ("value", "kind", "wanted", "answer"),
    [
        (300, INT32, INT8, (False, 44)), (-129, INT32, INT8, (False, 127)), (-128, INT32, INT8, (True, -128)),
        (200, INT32, INT8, (True, -56)), (40000, INT32, INT16, (True, -25536)), (70000, INT32, INT16, (False, 4464)),
        (2**40, INT64, INT32, (False, 0)), (2**31, INT64, INT32, (False, -(2**31))),
        (2**31 - 1, INT64, INT32, (True, 2**31 - 1)),
        (2.5, FLOAT64, INT32, (False, 2)), (-2.5, FLOAT64, INT32, (False, -2)), (3.0, FLOAT64, INT32, (True, 3)),
        (1e300, FLOAT64, INT64, (False, 2**63 - 1)), (-1e300, FLOAT64, INT32, (False, -(2**31))),
        (math.nan, FLOAT64, INT32, (False, 0)), (math.inf, FLOAT64, FLOAT32, (True, math.inf)),
        (0.1, FLOAT64, FLOAT32, (False, struct.unpack("f", struct.pack("f", 0.1))[0])),
        (0.5, FLOAT64, FLOAT32, (True, 0.5)),
        (2**24 + 1, INT32, FLOAT32, (False, float(2**24))), (2**53 + 1, INT64, FLOAT64, (False, float(2**53))),
        (2**63 - 1, INT64, FLOAT64, (False, float(2**63))), (-(2**63), INT64, FLOAT64, (True, -float(2**63))),
        (7, INT8, FLOAT64, (True, 7.0)),
    ],
)  # fmt: skip
def test_a_lossy_conversion_answers_false_and_a_value(value, kind, wanted, answer):
    """The documentation: false for a lossy conversion or one out of range, and the value is stored all the same.

    Small unsigned numbers stored as signed ones pass, as in CoreFoundation's own source.
    """
    address = number(value, kind)
    assert get(address, wanted) == answer
    lib.CFRelease(address)


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from([INT8, INT16, INT32, INT64]))
def test_integers_are_cut_to_their_low_bits(value, wanted):
    address = number(value, INT64)
    size = struct.calcsize(FORMS[wanted][0])
    kept, got = get(address, wanted)
    lib.CFRelease(address)
    assert got == int.from_bytes((value % 2**64).to_bytes(8, "little")[:size], "little", signed=True)
    assert kept == (got == value or (size < 4 and 0 <= value < 256**size))


def test_numbers_beyond_64_bits_signed():
    """CoreFoundation keeps the unsigned 64 bit integers of property lists in a type of its own, and hides it."""
    address = _values.to_cf(2**64 - 1)
    assert lib.CFNumberGetType(address) == INT64
    assert get(address, FLOAT64)[1] == float(2**64)
    assert get(address, INT64)[1] == -1
    other = _values.to_cf(-1)
    assert lib.CFNumberCompare(address, other, None) == GREATER
    lib.CFRelease(address)
    lib.CFRelease(other)


# --- comparing ---------------------------------------------------------------------------


@given(finite, st.integers(-(2**63), 2**63 - 1))
def test_compare_is_exact(real, whole):
    order = GREATER if real > whole else LESS if real < whole else EQUAL
    if real == 0 and whole == 0 and math.copysign(1, real) < 0:
        order = LESS
    assert compare((real, FLOAT64), (whole, INT64)) == order
    assert compare((whole, INT64), (real, FLOAT64)) == -order


@pytest.mark.parametrize(
    ("a", "b", "order"),
    [
        (-0.0, 0.0, LESS), (0.0, -0.0, GREATER), (math.inf, math.inf, EQUAL), (-math.inf, -1e308, LESS),
        (math.nan, math.nan, EQUAL), (math.nan, -1.0, GREATER), (math.nan, 1.0, LESS), (1.0, math.nan, GREATER),
    ],
)  # fmt: skip
def test_special_numbers_compare_as_documented(a, b, order):
    assert compare((a, FLOAT64), (b, FLOAT64)) == order


@given(st.integers(-100, 100), st.sampled_from([INT8, INT16, INT32, INT64, FLOAT32, FLOAT64]))
def test_equal_numbers_of_different_types_are_equal_objects(value, kind):
    x, y = number(value, kind), number(value, INT64)
    assert lib.CFEqual(x, y) and lib.CFHash(x) == lib.CFHash(y)
    lib.CFRelease(x)
    lib.CFRelease(y)


def test_numbers_that_there_are_not():
    assert lib.CFNumberCreate(None, 0, b"\0" * 8) is None
    assert lib.CFNumberCreate(None, 17, b"\0" * 16) is None
    assert lib.CFNumberCreate(None, INT32, None) is None
    address = number(1, INT32)
    assert not lib.CFNumberGetValue(address, 99, ctypes.create_string_buffer(8))
    assert lib.CFNumberGetValue(address, INT32, None), "only whether it would fit"
    lib.CFRelease(address)
    assert told() == [
        "CFNumberCreate with the number type 0, which there is not",
        "CFNumberCreate with the number type 17, which there is not",
        "CFNumberCreate without a value",
        "CFNumberGetValue with the number type 99, which there is not",
    ]


def test_numbers_that_live_for_ever():
    nan, plus, minus = (constant(f"kCFNumber{name}") for name in ("NaN", "PositiveInfinity", "NegativeInfinity"))
    assert math.isnan(_values.from_cf(nan))
    assert (_values.from_cf(plus), _values.from_cf(minus)) == (math.inf, -math.inf)
    lib.CFRelease(nan)
    lib.CFRelease(nan)


def test_every_number_is_an_object_of_its_own():
    """macOS shares small ones, so that releasing one too often goes unnoticed; here it is found."""
    x, y = number(1, INT32), number(1, INT32)
    assert x != y
    lib.CFRelease(x)
    lib.CFRelease(x)
    lib.CFRelease(y)
    assert told() == ["CFRelease of CFNumber 1, which was already released to 0"]


# --- booleans and null ---------------------------------------------------------------------


def test_booleans_are_two_objects_that_live_for_ever():
    true, false = constant("kCFBooleanTrue"), constant("kCFBooleanFalse")
    assert [lib.CFBooleanGetValue(boolean) for boolean in (true, false)] == [1, 0]
    assert lib.CFRetain(true) == true
    for _ in range(3):
        lib.CFRelease(true)
    assert lib.CFGetRetainCount(true) > 2**31
    one = number(1, INT8)
    assert not lib.CFEqual(true, one) and not lib.CFEqual(true, false)
    assert lib.CFGetTypeID(true) == lib.CFBooleanGetTypeID() != lib.CFNumberGetTypeID()
    lib.CFRelease(one)


def test_null():
    null = constant("kCFNull")
    assert lib.CFGetTypeID(null) == lib.CFNullGetTypeID()
    assert _values.from_cf(null) is None
    lib.CFRelease(null)


# --- dates ---------------------------------------------------------------------------------


def test_dates():
    early, late = (lib.CFDateCreate(None, time) for time in (-1.5, 86400.0))
    assert (lib.CFDateGetAbsoluteTime(early), lib.CFDateGetTimeIntervalSinceDate(late, early)) == (-1.5, 86401.5)
    assert [lib.CFDateCompare(*pair, None) for pair in ((early, late), (late, early), (late, late))] == [-1, 1, 0]
    assert str(_values.from_cf(late)) == "2001-01-02 00:00:00"
    assert not lib.CFEqual(early, late)
    lib.CFRelease(early)
    lib.CFRelease(late)


def test_the_time_of_day_goes_with_the_virtual_clock_also_in_sleep():
    _platform.set_clock(True, 125, 3)
    _platform.set_time(0)
    begin = lib.CFAbsoluteTimeGetCurrent()
    _platform.advance(24_000_000)
    assert lib.CFAbsoluteTimeGetCurrent() - begin == pytest.approx(1.0)
    _platform.sleep(48_000_000)
    assert lib.CFAbsoluteTimeGetCurrent() - begin == pytest.approx(3.0)


def test_the_real_time_of_day():
    import time

    _platform.set_clock(False)
    epoch = ctypes.c_double.in_dll(lib, "kCFAbsoluteTimeIntervalSince1970").value
    assert lib.CFAbsoluteTimeGetCurrent() + epoch == pytest.approx(time.time(), abs=5)


# --- UUIDs ---------------------------------------------------------------------------------


def test_uuids_and_their_text():
    raw = UUIDBytes((ctypes.c_uint8 * 16)(*range(16)))
    uuid = lib.CFUUIDCreateFromUUIDBytes(None, raw)
    text = lib.CFUUIDCreateString(None, uuid)
    again = lib.CFUUIDCreateFromString(None, text)
    assert lib.CFEqual(uuid, again) and lib.CFHash(uuid) == lib.CFHash(again)
    assert take_text(text) == "00010203-0405-0607-0809-0A0B0C0D0E0F"
    lib.CFRelease(uuid)
    lib.CFRelease(again)


@pytest.mark.parametrize(
    "text", ["", "0001", "00010203-0405-0607-0809-0A0B0C0D0E0", "00010203x0405-0607-0809-0A0B0C0D0E0F",
             "0001020-30405-0607-0809-0A0B0C0D0E0F", "g0010203-0405-0607-0809-0A0B0C0D0E0F", "x" * 36]
)  # fmt: skip
def test_text_that_is_no_uuid(text):
    string = make(text, ASCII)
    assert lib.CFUUIDCreateFromString(None, string) is None
    lib.CFRelease(string)


def test_a_random_uuid_is_of_version_4_and_another_each_time():
    a, b = (lib.CFUUIDCreate(None) for _ in range(2))
    assert not lib.CFEqual(a, b)
    assert take_text(lib.CFUUIDCreateString(None, a))[14] == "4"
    lib.CFRelease(a)
    lib.CFRelease(b)


def test_a_constant_uuid_is_one_object_that_is_not_released():
    a, b = (lib.CFUUIDGetConstantUUIDWithBytes(None, *range(16)) for _ in range(2))
    other = lib.CFUUIDGetConstantUUIDWithBytes(None, *range(1, 17))
    assert a == b != other
    lib.CFRelease(a)
    assert lib.CFGetTypeID(a) == lib.CFUUIDGetTypeID()
