"""The host's storage: any property list, as Python's values, over a restart; C8 of the specification."""

import ctypes
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from platform_library import clean, constant, lib, make, told
from test_platform_plists import LISTS, same

from tympan.testing import _host, _values

__all__ = ["clean"]
ILLEGAL, UNSPECIFIED = (int.from_bytes(code, "big") for code in (b"nope", b"what"))
COPY = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
DELETE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
STALE = 0x5A5A


class Delegate:
    """Notes calls that are wrong."""

    def __init__(self):
        self.wrong = []

    def called_wrongly(self, function, how):
        self.wrong.append((function, how))


class Driver:
    """The storage functions of a host's table, called as a driver does."""

    def __init__(self):
        self.table = _host.HostTable(Delegate())
        slots = (ctypes.c_void_p * 5).from_address(self.table.address)
        self._copy, self._write, self._delete = COPY(slots[1]), COPY(slots[2]), DELETE(slots[3])

    def copy(self, key):
        """(status, what is behind the pointer afterwards)."""
        out, name = ctypes.c_void_p(STALE), make(key)
        status = self._copy(self.table.address, name, ctypes.byref(out))
        lib.CFRelease(name)
        return status, out.value

    def read(self, key):
        """The value of a key that is there."""
        status, address = self.copy(key)
        assert status == 0
        try:
            return _values.from_cf(address)
        finally:
            lib.CFRelease(address)

    def write(self, key, value):
        address, name = _values.to_cf(value, mutable=True), make(key)
        try:
            return self._write(self.table.address, name, address)
        finally:
            lib.CFRelease(name)
            lib.CFRelease(address)

    def delete(self, key):
        name = make(key)
        status = self._delete(self.table.address, name)
        lib.CFRelease(name)
        return status


@pytest.fixture
def driver():
    return Driver()


VALUES = {
    "text": "ä🎧", "number": -(2**40), "real": 0.1, "yes": True, "data": b"\0\xff", "date": datetime(2024, 2, 29),
    "list": [1, "two", [3.0]], "pairs": {"a": {"b": [False]}}, "large": 2**64 - 1, "": "the empty key",
}  # fmt: skip


def test_every_type_comes_back(driver):
    for key, value in VALUES.items():
        assert driver.write(key, value) == 0
    assert all(same(driver.read(key), value) for key, value in VALUES.items())
    assert same(driver.table.stored(), VALUES)


@settings(max_examples=30)
@given(LISTS)
def test_any_property_list_comes_back(value):
    own = Driver()
    assert own.write("key", value) == 0
    assert same(own.read("key"), value)


def test_what_is_read_is_another_object_and_immutable(driver):
    """The real host is another process: identity is lost, and so is mutability."""
    driver.write("key", {"a": [1]})
    (_, first), (_, second) = driver.copy("key"), driver.copy("key")
    assert first != second
    lib.CFDictionaryRemoveAllValues(first)
    assert told() == ["CFDictionaryRemoveAllValues of an immutable CFDictionary of 1"]
    lib.CFRelease(first)
    lib.CFRelease(second)


def test_a_change_after_writing_is_not_written(driver):
    array, name = _values.to_cf([1], mutable=True), make("list")
    assert driver._write(driver.table.address, name, array) == 0
    lib.CFArrayRemoveAllValues(array)
    assert driver.read("list") == [1]
    lib.CFRelease(array)
    lib.CFRelease(name)


def test_a_key_that_is_not_there(driver):
    answers = {}
    for missing in _values.MISSING:
        driver.table.storage.missing = missing
        answers[missing] = driver.copy("absent")
    assert answers == {"error": (UNSPECIFIED, None), "null": (0, None), "untouched": (UNSPECIFIED, STALE)}


def test_deleting(driver):
    driver.write("key", 1)
    assert (driver.delete("key"), driver.delete("key")) == (0, UNSPECIFIED)
    assert driver.copy("key") == (UNSPECIFIED, None)


@pytest.mark.parametrize("value", [None, [None], UUID(int=1), {1: "one"}, _values.Url("file:///a")])
def test_what_is_no_property_list_is_refused(driver, value):
    driver.write("key", "before")
    assert driver.write("key", value) == ILLEGAL
    assert driver.read("key") == "before"
    (sentence,) = told()
    assert sentence.startswith("WriteToStorage of what is no property list: ")


def test_wrong_arguments(driver):
    table, name = driver.table.address, make("key")
    out = ctypes.c_void_p(STALE)
    assert driver._copy(table, name, None) == ILLEGAL
    assert driver._write(table, name, None) == ILLEGAL
    assert driver._copy(table, None, ctypes.byref(out)) == UNSPECIFIED
    assert driver._write(table, constant("kCFNull"), constant("kCFBooleanTrue")) == ILLEGAL
    assert driver._delete(table, 0xDEAD00) == UNSPECIFIED
    assert driver._write(table, name, 0xDEAD00) == ILLEGAL
    assert told() == [
        "CopyFromStorage with a key that is no CFString",
        "WriteToStorage with a key that is no CFString",
        "DeleteFromStorage with a key that is no CFString",
        "WriteToStorage of what is no property list: no object",
    ]
    lib.CFRelease(name)
    assert driver.table.stored() == {}


# --- the host's side ---------------------------------------------------------------------


def test_a_host_can_leave_values_of_foreign_types(driver):
    """An older version of the driver, or another program, may have left anything."""
    driver.table.store("setting", [1, {"a": 2}])
    driver.table.store("null", None)
    assert driver.read("setting") == [1, {"a": 2}]
    assert driver.read("null") is None
    assert driver.table.discard("setting") and not driver.table.discard("setting")
    with pytest.raises(TypeError, match="a set has no CoreFoundation form"):
        driver.table.store("wrong", {1})
    with pytest.raises(ValueError, match="64 bits"):
        driver.table.storage.load({"a": 1, "b": 2**70})
    assert driver.table.stored() == {"null": None}


def test_storage_survives_a_restart(driver):
    for key, value in VALUES.items():
        driver.write(key, value)
    saved = driver.table.storage.save()
    again = Driver()
    again.table.storage.load(saved)
    saved["list"].append("changed by the test")
    assert same(again.table.stored(), VALUES)
    assert all(same(again.read(key), value) for key, value in VALUES.items())


def test_what_a_test_changes_is_not_the_storage(driver):
    value = [1]
    driver.table.store("list", value)
    value.append(2)
    driver.table.stored()["list"].append(3)
    assert driver.read("list") == [1]


def test_clear(driver):
    driver.write("key", 1)
    driver.table.clear()
    assert driver.table.stored() == {}
