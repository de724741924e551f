"""CFData, CFArray and CFDictionary, after Apple's reference of each and Collections Programming Topics."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_library import Range, addresses, callbacks, clean, lib, make, told

from tympan.testing import _platform, _values

__all__ = ["clean"]
ARRAY, KEYS, VALUES = (
    callbacks(f"kCFType{name}CallBacks") for name in ("Array", "DictionaryKey", "DictionaryValue")
)  # fmt: skip
COMPARATOR = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
APPLIER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
PAIR_APPLIER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
value_of = _values.from_cf


@pytest.fixture
def words():
    """Four strings, released at the end."""
    made = [make(word) for word in ("one", "two", "three", "four")]
    yield made
    for word in made:
        lib.CFRelease(word)


def counts(strings):
    return [lib.CFGetRetainCount(string) for string in strings]


# --- data ------------------------------------------------------------------------------


def test_data():
    data = lib.CFDataCreate(None, b"\0abc", 4)
    buffer = ctypes.create_string_buffer(4)
    lib.CFDataGetBytes(data, Range(1, 2), ctypes.addressof(buffer))
    assert (lib.CFDataGetLength(data), buffer.value) == (4, b"ab")
    assert ctypes.string_at(lib.CFDataGetBytePtr(data), 4) == b"\0abc"
    copy = lib.CFDataCreateCopy(None, data)
    assert copy == data, "immutable data is its own copy"
    twin = lib.CFDataCreate(None, b"\0abc", 4)
    assert lib.CFEqual(data, twin) and lib.CFHash(data) == lib.CFHash(twin)
    lib.CFDataGetBytes(data, Range(2, 3), buffer)
    assert told() == ["CFDataGetBytes: the range {2, 3} is outside of a CFData with 4"]
    for part in (data, copy, twin):
        lib.CFRelease(part)


def test_data_changes():
    data = lib.CFDataCreateMutable(None, 0)
    lib.CFDataAppendBytes(data, b"abcdef", 6)
    lib.CFDataDeleteBytes(data, Range(1, 2))
    lib.CFDataReplaceBytes(data, Range(0, 1), b"XYZ", 3)
    assert value_of(data) == b"XYZdef"
    lib.CFDataSetLength(data, 8)
    assert value_of(data) == b"XYZdef\0\0", "what is new is 0"
    lib.CFDataSetLength(data, 2)
    lib.CFDataIncreaseLength(data, 1)
    ctypes.memset(lib.CFDataGetMutableBytePtr(data), ord("q"), 1)
    assert value_of(data) == b"qY\0"
    copy = lib.CFDataCreateCopy(None, data)
    lib.CFDataSetLength(data, 0)
    assert (value_of(copy), _platform.is_mutable(copy)) == (b"qY\0", False)
    lib.CFRelease(data)
    lib.CFRelease(copy)


def test_data_with_a_limit():
    data = lib.CFDataCreateMutable(None, 4)
    lib.CFDataAppendBytes(data, b"abc", 3)
    lib.CFDataAppendBytes(data, b"de", 2)
    assert value_of(data) == b"abc"
    assert told() == ["CFDataAppendBytes: 5 bytes do not fit into a CFMutableData limited to 4"]
    lib.CFRelease(data)


def test_no_copy_gives_the_memory_to_its_deallocator():
    memory = ctypes.CDLL(None)
    memory.malloc.restype = ctypes.c_void_p
    address = memory.malloc(4)
    ctypes.memmove(address, b"abcd", 4)
    data = lib.CFDataCreateWithBytesNoCopy(None, address, 4, ctypes.c_void_p.in_dll(lib, "kCFAllocatorMalloc").value)
    kept = ctypes.create_string_buffer(b"efgh", 4)
    other = lib.CFDataCreateWithBytesNoCopy(None, kept, 4, ctypes.c_void_p.in_dll(lib, "kCFAllocatorNull").value)
    assert (value_of(data), value_of(other)) == (b"abcd", b"efgh")
    lib.CFRelease(data)
    lib.CFRelease(other)


# --- ownership by containers ---------------------------------------------------------------


def test_an_array_retains_its_values_and_releases_them_at_its_end(words):
    array = lib.CFArrayCreate(None, addresses(*words), 4, ARRAY)
    assert counts(words) == [2, 2, 2, 2]
    assert lib.CFArrayGetValueAtIndex(array, 2) == words[2], "the Get rule: the same object"
    assert counts(words) == [2, 2, 2, 2]
    lib.CFRelease(array)
    assert counts(words) == [1, 1, 1, 1]


def test_an_array_without_callbacks_retains_nothing(words):
    array = lib.CFArrayCreate(None, addresses(*words, 1, 0), 6, None)
    assert counts(words) == [1, 1, 1, 1]
    assert [lib.CFArrayGetValueAtIndex(array, i) for i in (4, 5)] == [1, None]
    twin = make("one")
    assert not lib.CFArrayContainsValue(array, Range(0, 6), twin), "without an equal callback only itself is equal"
    assert lib.CFArrayContainsValue(array, Range(0, 6), words[0])
    lib.CFRelease(twin)
    lib.CFRelease(array)


def test_every_change_of_an_array_keeps_the_counts(words):
    one, two, three, four = words
    array = lib.CFArrayCreateMutable(None, 0, ARRAY)
    lib.CFArrayAppendValue(array, one)
    lib.CFArrayInsertValueAtIndex(array, 0, two)
    lib.CFArrayAppendValue(array, one)
    assert counts(words) == [3, 2, 1, 1]
    lib.CFArraySetValueAtIndex(array, 1, three)
    lib.CFArraySetValueAtIndex(array, 3, four)
    assert value_of(array) == ["two", "three", "one", "four"]
    assert counts(words) == [2, 2, 2, 2]
    lib.CFArrayAppendArray(array, array, Range(1, 2))
    assert value_of(array) == ["two", "three", "one", "four", "three", "one"]
    lib.CFArrayRemoveValueAtIndex(array, 0)
    lib.CFArrayRemoveAllValues(array)
    assert (counts(words), lib.CFArrayGetCount(array)) == ([1, 1, 1, 1], 0)
    lib.CFRelease(array)


def test_copies_of_an_array(words):
    array = lib.CFArrayCreateMutable(None, 2, ARRAY)
    lib.CFArrayAppendValue(array, words[0])
    frozen = lib.CFArrayCreateCopy(None, array)
    other = lib.CFArrayCreateMutableCopy(None, 0, frozen)
    lib.CFArrayAppendValue(array, words[1])
    lib.CFArrayAppendValue(other, words[2])
    assert [value_of(part) for part in (array, frozen, other)] == [["one", "two"], ["one"], ["one", "three"]]
    assert not lib.CFEqual(array, frozen)
    lib.CFArrayRemoveValueAtIndex(array, 1)
    assert lib.CFEqual(array, frozen) and lib.CFHash(array) == lib.CFHash(frozen)
    lib.CFArrayAppendValue(frozen, words[0])
    assert told() == ["CFArrayAppendValue of an immutable CFArray of 1"]
    for part in (array, frozen, other):
        lib.CFRelease(part)


def test_searching_an_array(words):
    array = lib.CFArrayCreate(None, addresses(*words[:2], *words[:2]), 4, ARRAY)
    twin = make("two")
    assert lib.CFArrayGetFirstIndexOfValue(array, Range(0, 4), twin) == 1
    assert lib.CFArrayGetFirstIndexOfValue(array, Range(2, 2), twin) == 3
    assert lib.CFArrayGetFirstIndexOfValue(array, Range(2, 1), twin) == -1
    assert lib.CFArrayGetCountOfValue(array, Range(0, 4), twin) == 2
    found = addresses(0, 0)
    lib.CFArrayGetValues(array, Range(1, 2), found)
    assert list(found) == [words[1], words[0]]
    lib.CFRelease(twin)
    lib.CFRelease(array)


def test_applying_and_sorting(words):
    array, seen = lib.CFArrayCreateMutable(None, 0, ARRAY), []
    for word in words:
        lib.CFArrayAppendValue(array, word)

    @COMPARATOR
    def order(a, b, context):
        return lib.CFStringCompare(a, b, 0)

    @APPLIER
    def note(word, context):
        seen.append((value_of(word), context))
        lib.CFArrayRemoveAllValues(array)  # it goes over what was there

    lib.CFArraySortValues(array, Range(1, 3), order, None)
    assert value_of(array) == ["one", "four", "three", "two"]
    lib.CFArrayApplyFunction(array, Range(1, 3), note, 7)
    assert seen == [("four", 7), ("three", 7), ("two", 7)]
    lib.CFRelease(array)


@pytest.mark.parametrize("index", [-1, 1, 2**62])
def test_an_index_outside_of_an_array(index, words):
    array = lib.CFArrayCreateMutable(None, 0, ARRAY)
    lib.CFArrayAppendValue(array, words[0])
    assert lib.CFArrayGetValueAtIndex(array, index) is None
    lib.CFArrayRemoveValueAtIndex(array, index)
    assert [line.partition(":")[0] for line in told()] == ["CFArrayGetValueAtIndex", "CFArrayRemoveValueAtIndex"]
    assert (lib.CFArrayGetCount(array), counts(words)[0]) == (1, 2)
    lib.CFRelease(array)


# --- dictionaries ------------------------------------------------------------------------------


def test_a_dictionary_retains_keys_and_values(words):
    one, two, three, four = words
    pairs = lib.CFDictionaryCreate(None, addresses(one, two), addresses(three, four), 2, KEYS, VALUES)
    assert counts(words) == [2, 2, 2, 2]
    key, value = make("two"), ctypes.c_void_p()
    assert lib.CFDictionaryGetValue(pairs, key) == four
    assert lib.CFDictionaryGetValueIfPresent(pairs, key, ctypes.byref(value)) and value.value == four
    assert not lib.CFDictionaryGetValueIfPresent(pairs, three, ctypes.byref(value)) and value.value == four
    assert lib.CFDictionaryContainsKey(pairs, key) and not lib.CFDictionaryContainsKey(pairs, four)
    assert lib.CFDictionaryContainsValue(pairs, four) and not lib.CFDictionaryContainsValue(pairs, key)
    keys, values = addresses(0, 0), addresses(0, 0)
    lib.CFDictionaryGetKeysAndValues(pairs, keys, values)
    assert dict(zip(keys, values, strict=True)) == {one: three, two: four}
    lib.CFRelease(pairs)
    lib.CFRelease(key)
    assert counts(words) == [1, 1, 1, 1]


def test_adding_setting_replacing_and_removing(words):
    one, two, three, four = words
    pairs, twin = lib.CFDictionaryCreateMutable(None, 0, KEYS, VALUES), make("one")
    lib.CFDictionaryAddValue(pairs, one, two)
    lib.CFDictionaryAddValue(pairs, twin, three)
    assert value_of(pairs) == {"one": "two"}, "adding does nothing for a key that is there"
    lib.CFDictionarySetValue(pairs, twin, three)
    assert counts([*words, twin]) == [2, 1, 2, 1, 1], "the key that was there stays"
    lib.CFDictionaryReplaceValue(pairs, two, three)
    lib.CFDictionaryReplaceValue(pairs, twin, four)
    assert value_of(pairs) == {"one": "four"}, "replacing does nothing for a key that is not there"
    lib.CFDictionaryRemoveValue(pairs, twin)
    lib.CFDictionaryRemoveValue(pairs, twin)
    assert (lib.CFDictionaryGetCount(pairs), counts([*words, twin])) == (0, [1] * 5)
    lib.CFDictionarySetValue(pairs, one, two)
    lib.CFDictionaryRemoveAllValues(pairs)
    assert counts(words) == [1, 1, 1, 1]
    lib.CFRelease(pairs)
    lib.CFRelease(twin)


def test_the_first_of_two_equal_keys_stays(words):
    twin = make("one")
    pairs = lib.CFDictionaryCreate(None, addresses(words[0], twin), addresses(words[2], words[3]), 2, KEYS, VALUES)
    assert value_of(pairs) == {"one": "three"}
    lib.CFRelease(pairs)
    lib.CFRelease(twin)


def test_copies_of_a_dictionary(words):
    pairs = lib.CFDictionaryCreateMutable(None, 0, KEYS, VALUES)
    lib.CFDictionarySetValue(pairs, words[0], words[1])
    frozen = lib.CFDictionaryCreateCopy(None, pairs)
    other = lib.CFDictionaryCreateMutableCopy(None, 0, frozen)
    assert lib.CFEqual(pairs, frozen) and lib.CFHash(pairs) == lib.CFHash(frozen)
    lib.CFDictionarySetValue(other, words[0], words[2])
    assert (value_of(frozen), value_of(other)) == ({"one": "two"}, {"one": "three"})
    assert not lib.CFEqual(frozen, other)
    lib.CFDictionarySetValue(frozen, words[0], words[2])
    assert told() == ["CFDictionarySetValue of an immutable CFDictionary of 1"]
    for part in (pairs, frozen, other):
        lib.CFRelease(part)


def test_a_dictionary_without_callbacks_compares_addresses():
    pairs = lib.CFDictionaryCreateMutable(None, 0, None, None)
    for number in range(1, 200):
        lib.CFDictionarySetValue(pairs, number * 16, number)
    assert [lib.CFDictionaryGetValue(pairs, number * 16) for number in (1, 199, 200)] == [1, 199, None]
    seen = {}

    @PAIR_APPLIER
    def note(key, value, context):
        seen[key] = value

    lib.CFDictionaryApplyFunction(pairs, note, None)
    assert seen == {number * 16: number for number in range(1, 200)}
    lib.CFRelease(pairs)


def test_keys_may_be_copied(words):
    key = lib.CFStringCreateMutableCopy(None, 0, words[0])
    pairs = lib.CFDictionaryCreateMutable(None, 0, callbacks("kCFCopyStringDictionaryKeyCallBacks"), VALUES)
    lib.CFDictionarySetValue(pairs, key, words[1])
    lib.CFStringAppend(key, words[0])
    assert value_of(pairs) == {"one": "two"}
    lib.CFRelease(key)
    lib.CFRelease(pairs)


MODEL = st.lists(st.tuples(st.sampled_from("asrd"), st.integers(0, 12), st.integers(0, 5)), max_size=60)


@given(MODEL)
def test_a_dictionary_does_what_a_dict_does(steps):
    pairs, model = lib.CFDictionaryCreateMutable(None, 0, KEYS, VALUES), {}
    for step, key, value in steps:
        a, b = _values.to_cf(str(key)), _values.to_cf(value)
        if step == "a":
            lib.CFDictionaryAddValue(pairs, a, b)
            model.setdefault(str(key), value)
        elif step == "s":
            lib.CFDictionarySetValue(pairs, a, b)
            model[str(key)] = value
        elif step == "r":
            lib.CFDictionaryReplaceValue(pairs, a, b)
            model |= {str(key): value} if str(key) in model else {}
        else:
            lib.CFDictionaryRemoveValue(pairs, a)
            model.pop(str(key), None)
        lib.CFRelease(a)
        lib.CFRelease(b)
        assert value_of(pairs) == model
    lib.CFRelease(pairs)


# --- containers of the caller's own kind --------------------------------------------------------


class ArrayCallBacks(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_long),
        ("retain", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)),
        ("release", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)),
        ("describe", ctypes.c_void_p),
        ("equal", ctypes.CFUNCTYPE(ctypes.c_uint8, ctypes.c_void_p, ctypes.c_void_p)),
    ]


def test_own_callbacks_are_called(words):
    log = []
    kinds = [kind for _, kind in ArrayCallBacks._fields_]
    own = ArrayCallBacks(
        0,
        kinds[1](lambda allocator, value: log.append(("retain", value)) or value + 1),
        kinds[2](lambda allocator, value: log.append(("release", value))),
        None,
        kinds[4](lambda a, b: a // 10 == b // 10),
    )
    array = lib.CFArrayCreateMutable(None, 0, ctypes.addressof(own))
    lib.CFArrayAppendValue(array, 20)
    assert lib.CFArrayGetValueAtIndex(array, 0) == 21, "what retain answered is kept"
    assert lib.CFArrayContainsValue(array, Range(0, 1), 29) and not lib.CFArrayContainsValue(array, Range(0, 1), 30)
    lib.CFRelease(array)
    assert log == [("retain", 20), ("release", 21)]


def test_own_retain_with_apple_s_release(words):
    """A callback may be one's own and another Apple's."""
    kinds = [kind for _, kind in ArrayCallBacks._fields_]
    own = ArrayCallBacks.from_address(ARRAY)
    mixed = ArrayCallBacks(0, kinds[1](lambda allocator, value: lib.CFRetain(value)), own.release, None, own.equal)
    array = lib.CFArrayCreateMutable(None, 0, ctypes.addressof(mixed))
    lib.CFArrayAppendValue(array, words[0])
    assert counts(words)[0] == 2
    lib.CFRelease(array)
    assert counts(words)[0] == 1


def test_descriptions():
    value = _values.to_cf({"list": [1, 2.5, True, None], "data": b"\x00\xff", "text": "ä"})
    assert _values.describe(value) == '{"list" = [1, 2.5, true, <null>], "data" = <00ff>, "text" = "ä"}'
    lib.CFRelease(value)
