"""The ledger: every wrong use is a problem of its kind, told in a sentence, and harms nothing."""

import ctypes
import os
import re
import threading
from pathlib import Path

import pytest
from platform_library import WORK, Range, addresses, callbacks, clean, constant, lib, make, text_of, told

from tympan.testing import _platform, _values

__all__ = ["clean"]
ARRAY = callbacks("kCFTypeArrayCallBacks")
EQUAL = ctypes.CFUNCTYPE(ctypes.c_uint8, ctypes.c_void_p, ctypes.c_void_p)
HASH = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)


class KeyCallBacks(ctypes.Structure):
    """CFDictionaryKeyCallBacks with a comparison of the test's own."""

    _fields_ = [("head", ctypes.c_void_p * 4), ("equal", EQUAL), ("hash", HASH)]


def records():
    """The problems, forgotten."""
    found = _platform.problem_records()
    _platform.clear_problems()
    return found


def only(kind):
    """The sentence of the one problem that there is, which is of this kind."""
    (problem,) = records()
    assert problem.kind == kind, problem
    return problem.sentence


def list_of(*values):
    """A mutable array of what the caller owns, which the array owns afterwards."""
    array = lib.CFArrayCreateMutable(None, 0, ARRAY)
    for value in values:
        lib.CFArrayAppendValue(array, value)
        lib.CFRelease(value)
    return array


# --- counting ------------------------------------------------------------------------


def test_releasing_too_often():
    string = make("gone")
    lib.CFRelease(string)
    lib.CFRelease(string)
    assert only("over-release") == 'CFRelease of CFString "gone", which was already released to 0'


@pytest.mark.parametrize(
    "use",
    [lib.CFRetain, lib.CFGetRetainCount, lib.CFGetTypeID, lib.CFHash, lib.CFStringGetLength, lib.CFStringGetIntValue],
    ids=lambda function: function.__name__,
)  # fmt: skip
def test_use_after_the_end(use):
    string = make("gone")
    lib.CFRelease(string)
    use(string)
    assert only("use-after-free") == f'{use.__name__} of CFString "gone", which was already released to 0'


def test_releasing_what_an_array_owns():
    """CFArrayGetValueAtIndex is a Get function: its answer is not the caller's to release."""
    array = list_of(make("member"))
    member = lib.CFArrayGetValueAtIndex(array, 0)
    lib.CFRelease(member)
    assert only("over-release") == 'CFRelease of CFString "member", which is owned only by what holds it'
    assert text_of(member) == "member", "the array still has it"
    lib.CFRetain(member)
    lib.CFRelease(array)
    assert text_of(member) == "member"
    lib.CFRelease(member)


@pytest.mark.parametrize("what", ["value", "key"])
def test_releasing_what_a_dictionary_owns(what):
    pairs = _values.to_cf({"key": "value"})
    part = addresses(0)
    lib.CFDictionaryGetKeysAndValues(pairs, part if what == "key" else None, part if what == "value" else None)
    lib.CFRelease(part[0])
    assert only("over-release") == f'CFRelease of CFString "{what}", which is owned only by what holds it'
    lib.CFRelease(pairs)


def test_a_value_that_was_taken_out_of_its_array():
    array = list_of(make("member"))
    member = lib.CFArrayGetValueAtIndex(array, 0)
    lib.CFArrayRemoveAllValues(array)
    lib.CFStringGetLength(member)
    assert only("use-after-free") == 'CFStringGetLength of CFString "member", which was already released to 0'
    lib.CFRelease(array)


def test_what_lives_for_ever_may_be_released():
    for name in ("kCFBooleanTrue", "kCFNull", "kCFBundleIdentifierKey", "kCFAllocatorMalloc"):
        lib.CFRelease(constant(name))
        lib.CFRelease(constant(name))
    text = ctypes.c_char_p(b"a constant")
    first, second = (lib.__CFStringMakeConstantString(text) for _ in range(2))
    lib.CFRelease(first)
    assert first == second and text_of(first) == "a constant"


def test_the_ledger_tells_leaks_and_who_made_them():
    mark = _platform.mark()
    string = make("kept")
    array = list_of(_values.to_cf(1))
    lib.CFRetain(string)
    kept, number, holder = sorted(_platform.objects(mark), key=lambda found: found.kind, reverse=True)
    assert (kept.kind, kept.count, kept.held, kept.text) == ("string", 2, 0, 'CFString "kept"')
    assert (number.kind, number.count, number.held) == ("number", 1, 1), "the array owns it"
    assert (holder.kind, holder.text, holder.held) == ("array", "CFMutableArray of 1", 0)
    assert (kept.call, holder.call) == ("CFStringCreateWithCString", "CFArrayCreateMutable")
    assert "libffi" in kept.caller or "_ctypes" in kept.caller
    for part in (string, string, array):
        lib.CFRelease(part)


def test_what_a_thread_made_has_its_number():
    """Threads are numbered by their first call, so that the numbers are the same in every run."""
    made, mark = [], _platform.mark()
    threads = [threading.Thread(target=lambda: made.append(make("of a thread"))) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    first, second = (found.thread for found in _platform.objects(mark))
    assert second == first + 1
    for string in made:
        lib.CFRelease(string)


# --- wrong references ------------------------------------------------------------------


def test_null():
    lib.CFRelease(None)
    assert only("null") == "CFRelease(NULL)"
    array = list_of()
    lib.CFArrayAppendValue(array, None)
    assert only("null") == "CFArrayAppendValue(NULL)"
    assert lib.CFArrayGetCount(array) == 0
    lib.CFRelease(array)


@pytest.mark.parametrize("address", [1, 7, 8, 0x1000, 0xDEADBEEF, 0x7FFFFFFFF000, 2**47, 2**63 + 8, 2**64 - 8])
def test_addresses_of_nothing_are_never_followed(address):
    for use in (lib.CFRelease, lib.CFGetTypeID, lib.CFStringGetLength, lib.CFArrayGetCount, lib.dispatch_release):
        use(address)
    found = records()
    assert [problem.kind for problem in found] == ["foreign"] * 5
    assert found[0].sentence == f"CFRelease of {address:#x}, which is no object"
    assert _platform.kind_of(address) is None


def test_memory_of_something_else():
    memory = (ctypes.c_uint64 * 16)(*range(16))
    lib.CFStringGetLength(ctypes.addressof(memory))
    assert only("foreign").endswith("which is no object")
    inside = make("inside") + 8
    lib.CFRelease(inside)
    assert only("foreign").endswith("which is no object")
    lib.CFRelease(inside - 8)


#: A function, what it is given, and the sentence.
WRONG_TYPES = [
    ("CFStringGetLength", "number", "CFStringGetLength of a CFNumber"),
    ("CFNumberGetType", "string", "CFNumberGetType of a CFString"),
    ("CFBooleanGetValue", "number", "CFBooleanGetValue of a CFNumber"),
    ("CFDataGetLength", "string", "CFDataGetLength of a CFString"),
    ("CFArrayGetCount", "data", "CFArrayGetCount of a CFData"),
    ("CFDictionaryGetCount", "array", "CFDictionaryGetCount of a CFMutableArray"),
    ("CFDateGetAbsoluteTime", "string", "CFDateGetAbsoluteTime of a CFString"),
    ("CFUUIDGetUUIDBytes", "string", "CFUUIDGetUUIDBytes of a CFString"),
    ("CFURLGetString", "string", "CFURLGetString of a CFString"),
    ("CFErrorGetCode", "string", "CFErrorGetCode of a CFString"),
    ("CFBundleGetIdentifier", "string", "CFBundleGetIdentifier of a CFString"),
    ("dispatch_release", "string", "dispatch_release of a CFString"),
    ("dispatch_queue_get_label", "string", "dispatch_queue_get_label of a CFString"),
    ("dispatch_source_cancel", "string", "dispatch_source_cancel of a CFString"),
    ("dispatch_semaphore_signal", "string", "dispatch_semaphore_signal of a CFString"),
]


@pytest.mark.parametrize(("function", "given", "sentence"), WRONG_TYPES)
def test_the_wrong_type(function, given, sentence):
    made = {"number": _values.to_cf(1), "string": make("s"), "data": _values.to_cf(b""), "array": list_of()}
    getattr(lib, function)(made[given])
    assert only("wrong-type") == sentence
    for part in made.values():
        lib.CFRelease(part)


def test_an_allocator_that_is_none():
    string = make("no allocator")
    number = lib.CFNumberCreate(string, 3, b"\0\0\0\0")
    assert only("wrong-type") == "CFNumberCreate of a CFString"
    assert lib.CFGetAllocator(number) == lib.CFAllocatorGetDefault()
    lib.CFRelease(number)
    lib.CFRelease(string)


# --- wrong changes -----------------------------------------------------------------------

#: A function, the value that it is to change, its other arguments.
IMMUTABLE = [
    ("CFStringAppend", "s", lambda: [constant("kCFBundleNameKey")]),
    ("CFStringDelete", "s", lambda: [Range(0, 0)]),
    ("CFDataAppendBytes", b"d", lambda: [b"x", 1]),
    ("CFDataSetLength", b"d", lambda: [0]),
    ("CFDataGetMutableBytePtr", b"d", list),
    ("CFArrayAppendValue", [], lambda: [constant("kCFNull")]),
    ("CFArrayRemoveAllValues", [], list),
    ("CFArraySetValueAtIndex", [1], lambda: [0, constant("kCFNull")]),
    ("CFDictionarySetValue", {}, lambda: [constant("kCFNull"), constant("kCFNull")]),
    ("CFDictionaryRemoveValue", {}, lambda: [constant("kCFNull")]),
    ("CFDictionaryRemoveAllValues", {}, list),
]


@pytest.mark.parametrize(("function", "value", "others"), IMMUTABLE, ids=[row[0] for row in IMMUTABLE])
def test_changing_the_immutable(function, value, others):
    address = _values.to_cf(value)
    getattr(lib, function)(address, *others())
    assert only("immutable").startswith(f"{function} of an immutable CF")
    assert _values.from_cf(address) == value
    lib.CFRelease(address)


def test_sizes_below_zero():
    assert lib.CFDataCreate(None, b"", -1) is None
    assert lib.CFStringCreateMutable(None, -1) is None
    assert lib.CFArrayCreate(None, None, -1, None) is None
    assert [(problem.kind, problem.sentence) for problem in records()] == [
        ("range", "CFDataCreate with a negative length (-1)"),
        ("range", "CFStringCreateMutable with a negative limit (-1)"),
        ("range", "CFArrayCreate with a negative count (-1)"),
    ]


def test_a_change_while_another_thread_reads():
    """Held open by a comparison that does not end: the change is refused, and said to be wrong."""
    array, inside, go_on = list_of(_values.to_cf("a")), threading.Event(), threading.Event()
    def equal(a, b):
        inside.set()
        go_on.wait(10)
        return 0

    keys = KeyCallBacks((ctypes.c_void_p * 4)(), EQUAL(equal), HASH(lambda key: 7))
    pairs = lib.CFDictionaryCreateMutable(None, 0, ctypes.addressof(keys), None)
    lib.CFDictionarySetValue(pairs, 16, 1)
    reader = threading.Thread(target=lib.CFDictionaryGetValue, args=(pairs, 32))
    reader.start()
    assert inside.wait(10)
    lib.CFDictionaryRemoveAllValues(pairs)
    go_on.set()
    reader.join()
    assert only("race") == "CFDictionaryRemoveAllValues of a CFMutableDictionary that is being used elsewhere"
    assert lib.CFDictionaryGetCount(pairs) == 1
    lib.CFRelease(pairs)
    lib.CFRelease(array)


def test_reading_while_another_thread_changes():
    """The same the other way round: the reader waits until the change is over."""
    inside, seen = threading.Event(), []
    def equal(a, b):
        inside.set()
        while not _platform.problems():
            pass
        return 1

    keys = KeyCallBacks((ctypes.c_void_p * 4)(), EQUAL(equal), HASH(lambda key: 7))
    pairs = lib.CFDictionaryCreateMutable(None, 0, ctypes.addressof(keys), None)
    lib.CFDictionarySetValue(pairs, 16, 1)
    writer = threading.Thread(target=lib.CFDictionarySetValue, args=(pairs, 32, 2))
    writer.start()
    assert inside.wait(10)
    value = addresses(0)
    lib.CFDictionaryGetKeysAndValues(pairs, None, value)
    seen.append(value[0])
    writer.join()
    assert only("race") == "CFDictionaryGetKeysAndValues of a CFMutableDictionary that another thread is changing"
    assert seen == [2]
    lib.CFRelease(pairs)


# --- the record itself -------------------------------------------------------------------


def test_a_record_says_who_called():
    lib.CFRelease(None)
    (problem,) = records()
    assert (problem.call, problem.thread > 0) == ("CFRelease", True)
    assert "libffi" in problem.caller or "_ctypes" in problem.caller


def test_the_first_256_are_kept_and_all_are_counted():
    before = _platform.ledger()["problems"]
    for _ in range(300):
        lib.CFRelease(None)
    assert len(_platform.problems()) == 256
    assert _platform.ledger()["problems"] - before == 300
    told()


def test_the_host_can_report_too():
    _platform.report_problem("misuse", "WriteToStorage", "WriteToStorage of nothing")
    assert only("misuse") == "WriteToStorage of nothing"
    with pytest.raises(ValueError):
        _platform.report_problem("no such kind", "", "")


def test_every_kind_of_problem_has_a_case_here():
    text = Path(__file__).read_text(encoding="utf-8")
    shown = re.findall(r'only\("([\w-]+)"\)|^        \("([\w-]+)", "CF', text, re.MULTILINE)
    assert {kind for pair in shown for kind in pair if kind} == set(_platform.PROBLEM_KINDS)


def test_heavy_tombstones_go_early():
    """What dead objects hold is bounded, not only how many they are."""
    status = Path("/proc/self/statm")
    if not status.exists():
        pytest.skip("this system does not say what a process holds at the moment")
    pages, before = [], int(status.read_text().split()[1])
    for _ in range(200):
        lib.CFRelease(_values.to_cf(bytes(4 << 20)))
        pages.append(int(status.read_text().split()[1]))
    grown = (max(pages) - before) * os.sysconf("SC_PAGE_SIZE") >> 20
    assert grown < 400, "megabytes; 800 were made"


def test_describing_and_equality_of_containers_that_hold_each_other():
    a, b = list_of(), list_of()
    lib.CFArrayAppendValue(a, b)
    lib.CFArrayAppendValue(b, a)
    assert not lib.CFEqual(a, b)
    assert only("misuse") == "CFEqual of containers that hold each other"
    assert _values.describe(a).startswith("[[[[")
    assert only("misuse") == "CFCopyDescription of containers that hold each other"
    assert {found.count - found.held for found in _platform.objects()} == {1}
    lib.CFArrayRemoveAllValues(a)
    lib.CFRelease(a)
    lib.CFRelease(b)


def test_over_release_of_a_queue_that_has_work():
    queue = lib.dispatch_queue_create(b"busy", None)
    lib.dispatch_async_f(queue, None, keep := WORK(lambda context: None))
    lib.dispatch_release(queue)
    lib.dispatch_release(queue)
    assert only("over-release") == 'dispatch_release of dispatch queue "busy", which is owned only by what holds it'
    _platform.pump()
    assert keep


def test_text_is_cut_not_overrun():
    string = make("ü" * 5000)
    lib.CFRelease(string)
    lib.CFRelease(string)
    assert len(only("over-release").encode()) < 240
