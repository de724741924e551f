"""CFString, after Apple's CFString Reference and the String Programming Guide for Core Foundation."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_library import (
    ASCII,
    LATIN1,
    MACROMAN,
    UTF8,
    UTF16,
    UTF16BE,
    UTF16LE,
    UTF32LE,
    Range,
    clean,
    constant,
    lib,
    make,
    take_text,
    text_of,
    told,
)

from tympan.testing import _platform, _values

LESS, EQUAL, GREATER, NOT_FOUND = -1, 0, 1, -1
INSENSITIVE, BACKWARDS, ANCHORED, NUMERICALLY = 1, 4, 8, 64
__all__ = ["clean"]


def mutable(text="", limit=0):
    string = make(text)
    copy = lib.CFStringCreateMutableCopy(None, limit, string)
    lib.CFRelease(string)
    return copy


def released(*strings):
    for string in strings:
        lib.CFRelease(string)


# --- making ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        (UTF8, "häh 🎧".encode(), "häh 🎧"), (ASCII, b"abc", "abc"), (LATIN1, b"h\xe4h", "häh"),
        (MACROMAN, b"abc", "abc"),
        (UTF16LE, "é🎧".encode("utf-16-le"), "é🎧"), (UTF16BE, "é🎧".encode("utf-16-be"), "é🎧"),
        (UTF32LE, "é🎧".encode("utf-32-le"), "é🎧"),
    ],
)  # fmt: skip
def test_with_bytes_in_an_encoding(encoding, data, text):
    assert take_text(lib.CFStringCreateWithBytes(None, data, len(data), encoding, 0)) == text


def test_a_byte_order_mark_counts_only_in_an_external_representation():
    data = b"\xfe\xff" + "hi".encode("utf-16-be")
    assert take_text(lib.CFStringCreateWithBytes(None, data, len(data), UTF16, 1)) == "hi"
    inside = lib.CFStringCreateWithBytes(None, data, len(data), UTF16, 0)
    assert lib.CFStringGetLength(inside) == 3
    released(inside)


@pytest.mark.parametrize("encoding", [ASCII, UTF8, MACROMAN])
def test_bytes_that_are_no_text_make_nothing(encoding):
    assert lib.CFStringCreateWithBytes(None, b"\xff", 1, encoding, 0) is None
    assert make(b"\xff", encoding) is None


def test_an_encoding_that_there_is_not_makes_nothing():
    assert make("a", 0x12345) is None
    assert lib.CFStringGetMaximumSizeForEncoding(3, 0x12345) == NOT_FOUND


def test_characters_may_be_half_a_pair():
    """UTF-16 that is no Unicode text is a CFString all the same; only UTF-8 has no form for it."""
    units = (ctypes.c_uint16 * 2)(0xD83C, 65)
    string = lib.CFStringCreateWithCharacters(None, units, 2)
    assert lib.CFStringGetLength(string) == 2
    assert not lib.CFStringGetCString(string, ctypes.create_string_buffer(16), 16, UTF8)
    assert _values.from_cf(string) == "\ud83cA"
    released(string)


def test_a_copy_of_an_immutable_string_is_itself():
    string = make("a string of some length")
    copy = lib.CFStringCreateCopy(None, string)
    assert (copy, lib.CFGetRetainCount(string)) == (string, 2)
    released(copy, string)


def test_a_copy_of_a_mutable_string_does_not_change_with_it():
    string = mutable("ab")
    copy = lib.CFStringCreateCopy(None, string)
    tail = make("c")
    lib.CFStringAppend(string, tail)
    assert (text_of(string), text_of(copy), copy == string) == ("abc", "ab", False)
    assert not _platform.is_mutable(copy)
    released(string, copy, tail)


def test_substring():
    string = make("a🎧b")
    assert take_text(lib.CFStringCreateWithSubstring(None, string, Range(1, 2))) == "🎧"
    assert lib.CFStringCreateWithSubstring(None, string, Range(3, 2)) is None
    assert told() == ["CFStringCreateWithSubstring: the range {3, 2} is outside of a CFString with 4"]
    released(string)


# --- reading -----------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "size"), [(ASCII, 1), (LATIN1, 1), (UTF8, 3), (UTF16, 2), (UTF32LE, 4)])
def test_the_maximum_size_is_enough_for_any_text(encoding, size):
    assert lib.CFStringGetMaximumSizeForEncoding(10, encoding) == 10 * size
    assert lib.CFStringGetMaximumSizeForEncoding(2**62, UTF8) == NOT_FOUND


def test_get_bytes_converts_what_fits_and_counts_without_a_buffer():
    string, used, buffer = make("aä🎧b"), ctypes.c_long(), ctypes.create_string_buffer(16)
    every = Range(0, 5)
    assert lib.CFStringGetBytes(string, every, UTF8, 0, 0, None, 0, ctypes.byref(used)) == 5
    assert used.value == len("aä🎧b".encode())
    # 6 bytes: the character that needs 4 does not fit behind the first 3
    assert lib.CFStringGetBytes(string, every, UTF8, 0, 0, buffer, 6, ctypes.byref(used)) == 2
    assert (used.value, buffer.raw[:3]) == (3, "aä".encode())
    assert lib.CFStringGetBytes(string, every, ASCII, ord("?"), 0, buffer, 16, ctypes.byref(used)) == 5
    assert buffer.value == b"a??b"
    assert lib.CFStringGetBytes(string, every, ASCII, 0, 0, buffer, 16, ctypes.byref(used)) == 1
    assert lib.CFStringGetBytes(string, Range(0, 1), UTF16, 0, 1, buffer, 16, ctypes.byref(used)) == 1
    assert buffer.raw[:4] == b"\xff\xfea\0"
    released(string)


def test_characters():
    string, buffer = make("xé"), (ctypes.c_uint16 * 2)()
    assert lib.CFStringGetCharacterAtIndex(string, 1) == ord("é")
    lib.CFStringGetCharacters(string, Range(0, 2), buffer)
    assert list(buffer) == [ord("x"), ord("é")]
    assert lib.CFStringGetCharacterAtIndex(string, 2) == 0
    lib.CFStringGetCharacters(string, Range(-1, 2), buffer)
    assert told() == [
        "CFStringGetCharacterAtIndex: the range {2, 1} is outside of a CFString with 2",
        "CFStringGetCharacters: the range {-1, 2} is outside of a CFString with 2",
    ]
    released(string)


def test_a_pointer_to_the_text_is_there_or_not():
    """The documentation: it may be NULL at any time. So a driver that does not expect it must meet it."""
    long, short, umlaut = (make(text) for text in ("a text of many letters", "short", "a text with an ü in it"))
    own = mutable("x" * 30)
    assert lib.CFStringGetCStringPtr(long, UTF8) == b"a text of many letters"
    assert lib.CFStringGetCStringPtr(long, UTF16) is None
    assert [lib.CFStringGetCStringPtr(string, UTF8) for string in (short, umlaut, own)] == [None, None, None]
    assert lib.CFStringGetCharactersPtr(umlaut) and not lib.CFStringGetCharactersPtr(long)
    _platform.set_string_pointers(False)
    assert lib.CFStringGetCStringPtr(long, UTF8) is None and not lib.CFStringGetCharactersPtr(umlaut)
    _platform.set_string_pointers(True)
    released(long, short, umlaut, own)


@pytest.mark.parametrize(
    ("text", "whole", "real"),
    [
        ("42", 42, 42.0), ("  -7x", -7, -7.0), ("2.5e2", 2, 250.0), ("", 0, 0.0), ("x1", 0, 0.0), ("+.5", 0, 0.5),
        ("99999999999", 2**31 - 1, 99999999999.0), ("-99999999999", -(2**31), -99999999999.0), ("0x10", 0, 0.0),
        ("inf", 0, 0.0), ("5x", 5, 5.0),
    ],
)  # fmt: skip
def test_numbers_in_text(text, whole, real):
    string = make(text)
    assert (lib.CFStringGetIntValue(string), lib.CFStringGetDoubleValue(string)) == (whole, real)
    released(string)


def test_external_representations():
    string = make("é🎧")
    data = lib.CFStringCreateExternalRepresentation(None, string, UTF16, 0)
    assert _values.from_cf(data) == "é🎧".encode("utf-16")
    assert take_text(lib.CFStringCreateFromExternalRepresentation(None, data, UTF16)) == "é🎧"
    assert lib.CFStringCreateExternalRepresentation(None, string, ASCII, 0) is None
    lossy = lib.CFStringCreateExternalRepresentation(None, string, ASCII, ord("?"))
    assert _values.from_cf(lossy) == b"??"
    released(string, data, lossy)


# --- comparing and searching -----------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "options", "order"),
    [
        ("a", "b", 0, LESS), ("b", "a", 0, GREATER), ("ab", "a", 0, GREATER), ("", "", 0, EQUAL), ("A", "a", 0, LESS),
        ("ÄB", "äb", INSENSITIVE, EQUAL), ("a×", "a÷", INSENSITIVE, LESS),
        ("file 9", "file 10", 0, GREATER), ("file 9", "file 10", NUMERICALLY, LESS), ("a01", "a1", NUMERICALLY, EQUAL),
    ],
)  # fmt: skip
def test_compare(a, b, options, order):
    x, y = make(a), make(b)
    assert lib.CFStringCompare(x, y, options) == order
    released(x, y)


@pytest.mark.parametrize(
    ("text", "part", "options", "found"),
    [
        ("abcabc", "bc", 0, (1, 2)), ("abcabc", "bc", BACKWARDS, (4, 2)), ("abc", "bc", ANCHORED, (NOT_FOUND, 0)),
        ("abc", "bc", ANCHORED | BACKWARDS, (1, 2)), ("ABC", "bc", INSENSITIVE, (1, 2)),
        ("abc", "x", 0, (NOT_FOUND, 0)), ("abc", "", 0, (NOT_FOUND, 0)), ("a", "abc", BACKWARDS, (NOT_FOUND, 0)),
    ],
)  # fmt: skip
def test_find(text, part, options, found):
    string, other = make(text), make(part)
    assert tuple(lib.CFStringFind(string, other, options)) == found
    assert lib.CFStringHasPrefix(string, other) == text.startswith(part)
    assert lib.CFStringHasSuffix(string, other) == text.endswith(part)
    released(string, other)


@given(st.text(), st.text())
def test_equal_strings_have_equal_hashes(a, b):
    x, y = (_values.to_cf(text) for text in (a, b))
    again = _values.to_cf(a, mutable=True)
    assert lib.CFEqual(x, y) == (a == b)
    assert lib.CFEqual(x, again) and lib.CFHash(x) == lib.CFHash(again)
    units = [text.encode("utf-16-be") for text in (a, b)]
    assert lib.CFStringCompare(x, y, 0) == (units[0] > units[1]) - (units[0] < units[1])
    released(x, y, again)


# --- changing --------------------------------------------------------------------------


def test_a_mutable_string_grows_and_shrinks():
    string, part = mutable("one"), make(" two")
    for _ in range(100):
        lib.CFStringAppend(string, part)
    lib.CFStringAppendCString(string, "ä".encode(), UTF8)
    lib.CFStringAppendCharacters(string, (ctypes.c_uint16 * 1)(33), 1)
    assert text_of(string) == "one" + " two" * 100 + "ä!"
    lib.CFStringDelete(string, Range(3, 4 * 99))
    lib.CFStringInsert(string, 0, part)
    assert text_of(string) == " twoone twoä!"
    lib.CFStringReplace(string, Range(0, 4), string)
    assert text_of(string) == " twoone twoä!one twoä!"
    lib.CFStringReplaceAll(string, part)
    assert text_of(string) == " two"
    released(string, part)


def test_a_limit_is_kept():
    string, part = mutable("abc", limit=4), make("de")
    lib.CFStringAppend(string, part)
    assert text_of(string) == "abc"
    assert told() == ["CFStringAppend: 5 characters do not fit into a CFMutableString limited to 4"]
    released(string, part)


def test_an_immutable_string_does_not_change():
    string, part = make("fixed"), make("!")
    lib.CFStringAppend(string, part)
    lib.CFStringDelete(constant("kCFBundleIdentifierKey"), Range(0, 1))
    assert text_of(string) == "fixed"
    assert told() == [
        'CFStringAppend of an immutable CFString "fixed"',
        'CFStringDelete of an immutable CFString "CFBundleIdentifier"',
    ]
    released(string, part)


# --- formats -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "arguments", "text"),
    [
        ("%ich_UID", [16], "16ch_UID"), ("%d%%", [-5], "-5%"), ("%s and %s", [b"a", "ü".encode()], "a and ü"),
        ("%08.3f|%-6d|%+d", [ctypes.c_double(2.5), 7, 7], "0002.500|7     |+7"), ("%*d", [5, 42], "   42"),
        ("%.*s", [2, b"abcdef"], "ab"), ("%lld", [ctypes.c_longlong(-(2**40))], f"{-(2**40)}"),
        ("%llu", [ctypes.c_ulonglong(2**63)], f"{2**63}"),
        ("%x %X %o %c", [255, 255, 8, 65], "ff FF 10 A"), ("%S", [ctypes.c_wchar_p("")], ""), ("%@", [None], "(null)"),
        ("%zu %qd", [ctypes.c_size_t(3), ctypes.c_longlong(4)], "3 4"), ("no conversion", [], "no conversion"),
    ],
)  # fmt: skip
def test_format(pattern, arguments, text):
    string = make(pattern)
    assert take_text(lib.CFStringCreateWithFormat(None, None, string, *arguments)) == text
    released(string)


def test_format_writes_objects():
    pattern, string = make("%@ is %@, %@ and %@"), make("ä")
    number, array = _values.to_cf(2.5), _values.to_cf(["x", 1])
    objects = [ctypes.c_void_p(part) for part in (string, number, constant("kCFBooleanTrue"), array)]
    assert take_text(lib.CFStringCreateWithFormat(None, None, pattern, *objects)) == 'ä is 2.5, true and ["x", 1]'
    own = mutable("list: ")
    lib.CFStringAppendFormat(own, None, pattern, *objects)
    assert text_of(own) == 'list: ä is 2.5, true and ["x", 1]'
    released(pattern, string, number, array, own)


def test_positions_in_a_format_are_not_supported_and_said_to_be_so():
    pattern = make("%1$@")
    released(lib.CFStringCreateWithFormat(None, None, pattern, None))
    assert told() == ["CFStringCreateWithFormat with the conversion %1$, which is not supported"]
    released(pattern)
