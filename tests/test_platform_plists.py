"""Property lists: Python's values, files, copies; after Apple's Property List Programming Topics."""

import ctypes
import math
import plistlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_library import callbacks, clean, constant, lib, make, text_of, told

from tympan.testing import _platform, _values

__all__ = ["clean"]
XML, BINARY, OPEN_STEP = 100, 200, 1
IMMUTABLE, CONTAINERS, LEAVES = 0, 1, 2
CORRUPT = 3840
SECONDS = st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)).map(lambda date: date.replace(microsecond=0))
PLAIN = st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.binary(max_size=20) | SECONDS
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXT = st.text(LETTERS, max_size=20)
LISTS = st.recursive(
    PLAIN | TEXT, lambda part: st.lists(part, max_size=4) | st.dictionaries(TEXT, part, max_size=4), max_leaves=12
)


def same(a, b):
    """Equal in value and in type, all the way down: 1, 1.0 and True are three values."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def released(*made):
    for part in made:
        lib.CFRelease(part)


# --- Python and CoreFoundation --------------------------------------------------------


@given(LISTS)
def test_a_property_list_comes_back(value):
    for mutable in (False, True):
        address = _values.to_cf(value, mutable)
        assert same(_values.from_cf(address), value)
        assert lib.CFPropertyListIsValid(address, BINARY)
        released(address)


@given(st.text())
def test_any_text_comes_back(text):
    address = _values.to_cf(text)
    assert _values.from_cf(address) == text
    released(address)


@pytest.mark.parametrize(
    "value", [None, UUID(int=7), _values.Url("file:///tmp/a%20b"), [None], {"id": UUID(int=8)}, {1: "one"}, "\ud800"]
)  # fmt: skip
def test_values_of_foreign_types(value):
    """What no property list holds: for tests that put it where a driver expects one."""
    address = _values.to_cf(value)
    assert same(_values.from_cf(address), value)
    assert lib.CFPropertyListIsValid(address, BINARY) == (value == "\ud800")
    released(address)


def test_dates_are_utc():
    zoned = datetime(2024, 5, 1, 12, tzinfo=UTC) + timedelta(microseconds=250_000)
    address = _values.to_cf(zoned)
    assert _values.from_cf(address) == datetime(2024, 5, 1, 12, 0, 0, 250_000)
    released(address)


def test_mutable_means_leaves_too():
    address = _values.to_cf({"a": ["b", b"c"]}, mutable=True)
    inner = lib.CFDictionaryGetValue(address, key := make("a"))
    assert all(map(_platform.is_mutable, (address, inner, *(lib.CFArrayGetValueAtIndex(inner, i) for i in range(2)))))
    released(address, key)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, [2**70]])
def test_numbers_that_do_not_fit(value):
    with pytest.raises(ValueError, match="does not fit into 64 bits"):
        _values.to_cf(value)


@pytest.mark.parametrize("value", [{1, 2}, [object()], {"a": 1j}, {(): 1}, {frozenset(): 1}])
def test_values_without_a_form(value):
    if value == {(): 1}:
        address = _values.to_cf(value)
        with pytest.raises(ValueError, match="container as a key"):
            _values.from_cf(address)
        released(address)
        return
    with pytest.raises(TypeError, match="has no CoreFoundation form"):
        _values.to_cf(value)


def test_too_deep():
    value = []
    for _ in range(300):
        value = [value]
    with pytest.raises(ValueError, match="more than 200"):
        _values.to_cf(value)


def test_a_container_inside_itself():
    array = lib.CFArrayCreateMutable(None, 0, callbacks("kCFTypeArrayCallBacks"))
    lib.CFArrayAppendValue(array, array)
    with pytest.raises(ValueError, match="hold each other"):
        _values.from_cf(array)
    assert not lib.CFPropertyListIsValid(array, BINARY)
    assert lib.CFEqual(array, array)
    assert told() == ["CFPropertyListIsValid of containers that hold each other"]
    lib.CFArrayRemoveAllValues(array)
    released(array)


@pytest.mark.parametrize("address", [0, 8, 0xDEAD0000])
def test_no_object_has_no_value(address):
    with pytest.raises(ValueError, match="is no live object"):
        _values.from_cf(address)


def test_numbers_of_every_type():
    for number_type, value in [(1, -5), (3, 7), (4, 2**40), (5, 0.5), (6, 0.1), (12, 0.25), (13, 1e300), (16, 2.0)]:
        address = _values.make_number(value, number_type)
        assert same(_values.from_cf(address), value)
        released(address)


# --- files ----------------------------------------------------------------------------


def written(address, form):
    """CFPropertyListCreateData: bytes, or the code of the error."""
    error = ctypes.c_void_p()
    data = lib.CFPropertyListCreateData(None, address, form, 0, ctypes.byref(error))
    if data:
        found = _values.from_cf(data)
        released(data)
        return found
    code = lib.CFErrorGetCode(error)
    assert text_of(lib.CFErrorGetDomain(error)) == "NSCocoaErrorDomain"
    released(error.value)
    return code


def read(data, options=IMMUTABLE):
    """CFPropertyListCreateWithData: (address, format), or the code of the error."""
    error, form, source = ctypes.c_void_p(), ctypes.c_long(), _values.to_cf(data)
    address = lib.CFPropertyListCreateWithData(None, source, options, ctypes.byref(form), ctypes.byref(error))
    released(source)
    if address:
        return address, form.value
    code = lib.CFErrorGetCode(error)
    released(error.value)
    return code


@given(LISTS)
def test_files_come_back(value):
    address = _values.to_cf(value)
    for form, name in ((XML, plistlib.FMT_XML), (BINARY, plistlib.FMT_BINARY)):
        data = written(address, form)
        assert same(plistlib.loads(data, fmt=name), plistlib.loads(plistlib.dumps(value, fmt=name)))
        again, found = read(data)
        assert (found, same(_values.from_cf(again), plistlib.loads(data))) == (form, True)
        if form == BINARY or not isinstance(value, float):
            assert lib.CFEqual(again, address)
        released(again)
    released(address)


@pytest.mark.parametrize(
    "data", [b"", b"<plist>", b"bplist00 cut", b"\0\1", b"<?xml version='1.0'?><plist><key/></plist>"]
)  # fmt: skip
def test_what_cannot_be_read_is_an_error(data):
    assert read(data) == CORRUPT
    source = _values.to_cf(data)
    assert lib.CFPropertyListCreateWithData(None, source, 0, None, None) is None, "the error is optional"
    released(source)


@pytest.mark.parametrize("value", [None, [None], {1: 2}, {"a": UUID(int=1)}])
def test_what_is_no_property_list_is_not_written(value):
    address = _values.to_cf(value)
    assert written(address, XML) == 3851
    released(address)


def test_an_old_format_is_not_written():
    address = _values.to_cf("a")
    assert written(address, OPEN_STEP) == 3851
    released(address)


@pytest.mark.parametrize(
    ("options", "containers", "leaves"), [(IMMUTABLE, False, False), (CONTAINERS, True, False), (LEAVES, True, True)]
)  # fmt: skip
def test_mutability_of_what_is_read_and_of_deep_copies(options, containers, leaves):
    value = {"list": ["text", b"data"]}
    from_file, _ = read(plistlib.dumps(value), options)
    source = _values.to_cf(value, mutable=True)
    copy = lib.CFPropertyListCreateDeepCopy(None, source, options)
    for made in (from_file, copy):
        assert _values.from_cf(made) == value
        inner = lib.CFDictionaryGetValue(made, key := make("list"))
        text, data = (lib.CFArrayGetValueAtIndex(inner, i) for i in range(2))
        assert [_platform.is_mutable(part) for part in (made, inner)] == [containers] * 2
        assert [_platform.is_mutable(part) for part in (text, data)] == [leaves] * 2
        released(made, key)
    released(source)


def test_a_deep_copy_shares_no_container_and_only_what_cannot_change():
    inner = _values.to_cf([1], mutable=True)
    outer = lib.CFArrayCreateMutable(None, 0, callbacks("kCFTypeArrayCallBacks"))
    lib.CFArrayAppendValue(outer, inner)
    copy = lib.CFPropertyListCreateDeepCopy(None, outer, IMMUTABLE)
    shallow = lib.CFArrayCreateCopy(None, outer)
    lib.CFArrayRemoveAllValues(inner)
    assert (_values.from_cf(copy), _values.from_cf(shallow)) == ([[1]], [[]])
    true = constant("kCFBooleanTrue")
    assert lib.CFPropertyListCreateDeepCopy(None, true, IMMUTABLE) == true
    released(inner, outer, copy, shallow)


def test_a_deep_copy_of_no_property_list():
    null = constant("kCFNull")
    assert lib.CFPropertyListCreateDeepCopy(None, null, IMMUTABLE) is None
    assert told() == ["CFPropertyListCreateDeepCopy of what is no property list"]


def test_not_a_number_is_kept():
    address = _values.to_cf(math.nan)
    again, _ = read(written(address, XML))
    assert math.isnan(_values.from_cf(again))
    released(address, again)
