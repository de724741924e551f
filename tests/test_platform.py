"""The platform library: CoreFoundation's ownership rules, mach time, queues and the log."""

import ctypes
import threading
import time

import pytest

import tympan.testing
from tympan.testing import _platform

UTF8, ASCII, UTF16 = 0x08000100, 0x0600, 0x0100


class UUIDBytes(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint8 * 16)]


WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@pytest.fixture(scope="module")
def lib():
    """The library's C functions, as a driver sees them."""
    library = ctypes.CDLL(_platform.__file__)
    pointer, text, long = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_long
    signatures = {
        "CFRetain": (pointer, [pointer]),
        "CFRelease": (None, [pointer]),
        "CFGetTypeID": (ctypes.c_ulong, [pointer]),
        "CFEqual": (ctypes.c_uint8, [pointer, pointer]),
        "CFStringGetTypeID": (ctypes.c_ulong, []),
        "CFStringCreateWithCString": (pointer, [pointer, text, ctypes.c_uint32]),
        "CFStringGetCString": (ctypes.c_uint8, [pointer, text, long, ctypes.c_uint32]),
        "CFStringGetLength": (long, [pointer]),
        "CFStringCompare": (long, [pointer, pointer, ctypes.c_ulong]),
        "CFUUIDCreateFromUUIDBytes": (pointer, [pointer, UUIDBytes]),
        "CFUUIDGetUUIDBytes": (UUIDBytes, [pointer]),
        "CFURLCreateFromFileSystemRepresentation": (pointer, [pointer, text, long, ctypes.c_uint8]),
        "mach_absolute_time": (ctypes.c_uint64, []),
        "dispatch_queue_create": (pointer, [text, pointer]),
        "dispatch_async_f": (None, [pointer, pointer, WORK]),
        "dispatch_release": (None, [pointer]),
        "tympan_os_log": (None, [text]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@pytest.fixture(autouse=True)
def clean():
    """Each test begins without problems and ends with the ordinary clock and queues."""
    _platform.clear_problems()
    yield
    _platform.set_queue_threaded(False)
    _platform.set_clock(True)
    _platform.clear_problems()


def make(lib, text, encoding=UTF8):
    return lib.CFStringCreateWithCString(None, text.encode() if isinstance(text, str) else text, encoding)


# --- strings ---------------------------------------------------------------------


@pytest.mark.parametrize(("text", "units"), [("", 0), ("Gain", 4), ("Räuber", 6), ("日本", 2), ("🎧!", 3)])
def test_length_is_in_utf16_units(lib, text, units):
    string = make(lib, text)
    assert lib.CFStringGetLength(string) == units
    lib.CFRelease(string)


def test_bytes_that_are_no_text_make_no_string(lib):
    for wrong in (b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"a\x80"):
        assert make(lib, wrong) is None, wrong
    assert make(lib, "ä", ASCII) is None
    assert make(lib, "a", UTF16) is None


def test_cstring_needs_room_for_the_final_zero(lib):
    string = make(lib, "häh")
    buffer = ctypes.create_string_buffer(16)
    assert not lib.CFStringGetCString(string, buffer, 4, UTF8)
    assert lib.CFStringGetCString(string, buffer, 5, UTF8)
    assert buffer.value == "häh".encode()
    assert not lib.CFStringGetCString(string, buffer, 16, ASCII)
    lib.CFRelease(string)


def test_equal_and_compare_are_by_value(lib):
    words = ["", "A", "B", "a", "ab", "é", "日", "\U0001f3a7", "\uffee"]  # in the order of UTF-16 units
    strings = [make(lib, word) for word in words]
    for i, a in enumerate(strings):
        for j, b in enumerate(strings):
            assert lib.CFStringCompare(a, b, 0) == (i > j) - (i < j)
            assert lib.CFEqual(a, b) == (i == j)
    twin = make(lib, "ab")
    assert lib.CFEqual(strings[4], twin)
    assert lib.CFStringCompare(strings[1], strings[3], 1) == 0
    for string in [*strings, twin]:
        lib.CFRelease(string)


def test_uuid_and_url(lib):
    raw = UUIDBytes((ctypes.c_uint8 * 16)(*range(16)))
    uuid, twin = (lib.CFUUIDCreateFromUUIDBytes(None, raw) for _ in range(2))
    assert bytes(lib.CFUUIDGetUUIDBytes(uuid).bytes) == bytes(range(16))
    assert lib.CFEqual(uuid, twin)
    url = lib.CFURLCreateFromFileSystemRepresentation(None, b"/tmp/icon.icnsXX", 14, 0)
    assert not lib.CFEqual(uuid, url)
    assert lib.CFGetTypeID(url) != lib.CFStringGetTypeID()
    for thing in (uuid, twin, url):
        lib.CFRelease(thing)


# --- ownership -------------------------------------------------------------------


def test_ledger_counts_and_names_what_lives(lib):
    before, mark = _platform.ledger(), _platform.mark()
    kept, gone = make(lib, "kept"), make(lib, "gone")
    assert lib.CFRetain(kept) == kept
    lib.CFRelease(gone)
    now = _platform.ledger()
    assert now["created"] - before["created"] == 2
    assert now["destroyed"] - before["destroyed"] == 1
    assert now["retains"] - before["retains"] == 1
    assert [entry[1:] for entry in _platform.live_objects(mark)] == [("string", 2, 'CFString "kept"')]
    lib.CFRelease(kept)
    lib.CFRelease(kept)
    assert _platform.live_objects(mark) == []
    assert _platform.problems() == []


def test_over_release_is_recorded_and_harmless(lib):
    string = make(lib, "gone")
    lib.CFRelease(string)
    lib.CFRelease(string)
    lib.CFRetain(string)
    lib.CFStringGetLength(string)
    assert _platform.problems() == [
        'CFRelease of CFString "gone", which was already released to 0',
        'CFRetain of CFString "gone", which was already released to 0',
        'CFStringGetLength of CFString "gone", which was already released to 0',
    ]


def test_wrong_references_are_recorded_and_harmless(lib):
    memory = ctypes.create_string_buffer(64)
    queue = lib.dispatch_queue_create(b"q", None)
    lib.CFRelease(None)
    lib.CFRelease(ctypes.addressof(memory))
    lib.CFStringGetLength(queue)
    lib.dispatch_release(queue)
    problems = _platform.problems()
    assert problems[0] == "CFRelease(NULL)"
    assert "which is no object" in problems[1]
    assert problems[2] == "CFStringGetLength of a dispatch queue"


def test_tombstones_do_not_pile_up_for_ever(lib):
    for _ in range(70_000):
        lib.CFRelease(make(lib, "x"))
    string = make(lib, "still works")
    assert lib.CFStringGetLength(string) == 11
    lib.CFRelease(string)


def test_objects_from_many_threads(lib):
    mark = _platform.mark()
    shared = make(lib, "shared")

    def work():
        for _ in range(2000):
            lib.CFRetain(shared)
            lib.CFRelease(make(lib, "own"))
            lib.CFRelease(shared)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry[2] for entry in _platform.live_objects(mark)] == [1]
    lib.CFRelease(shared)
    assert _platform.problems() == []


# --- clock -----------------------------------------------------------------------


def test_virtual_clock_stands_still_until_it_is_moved(lib):
    _platform.set_clock(True, 125, 3)
    _platform.set_time(1000)
    assert lib.mach_absolute_time() == lib.mach_absolute_time() == 1000
    _platform.advance(24)
    assert (_platform.now(), _platform.timebase()) == (1024, (125, 3))


@pytest.mark.parametrize("timebase", [(1, 1), (125, 3)])
def test_real_clock_runs_at_the_rate_of_its_timebase(timebase):
    _platform.set_clock(False, *timebase)
    numer, denom = timebase
    before, ticks = time.monotonic_ns(), _platform.now()
    time.sleep(0.05)
    ticks, after = _platform.now() - ticks, time.monotonic_ns() - before
    assert ticks * numer / denom == pytest.approx(after, rel=0.05)
    assert _platform.now() * numer / denom == pytest.approx(time.monotonic_ns(), rel=1e-6)


def test_a_timebase_is_positive():
    with pytest.raises(ValueError, match="positive"):
        _platform.set_clock(True, 0, 1)


# --- queues ----------------------------------------------------------------------


def test_manual_queue_runs_in_order_when_pumped_on_the_caller_thread(lib):
    queue, seen = lib.dispatch_queue_create(b"q", None), []

    @WORK
    def work(context):
        seen.append((context or 0, threading.get_ident()))
        if context == 3:
            lib.dispatch_async_f(queue, 4, work)

    for number in range(4):
        lib.dispatch_async_f(queue, number, work)
    lib.dispatch_release(queue)  # the queue lives until its work is done
    assert (seen, _platform.pending()) == ([], 4)
    assert _platform.pump() == 5
    assert [number for number, _ in seen] == [0, 1, 2, 3, 4]
    assert {thread for _, thread in seen} == {threading.get_ident()}
    assert _platform.problems() == []


def test_threaded_queue_runs_by_itself_in_order(lib):
    mark = _platform.mark()
    queue, seen = lib.dispatch_queue_create(b"q", None), []

    @WORK
    def work(context):
        seen.append((context or 0, threading.get_ident()))

    _platform.set_queue_threaded(True)
    for number in range(200):
        lib.dispatch_async_f(queue, number, work)
    _platform.pump()
    assert [number for number, _ in seen] == list(range(200))
    assert threading.get_ident() not in {thread for _, thread in seen}
    _platform.set_queue_threaded(False)
    lib.dispatch_release(queue)
    assert _platform.live_objects(mark) == []


def test_pump_gives_up_on_work_that_does_not_end(lib):
    queue, release = lib.dispatch_queue_create(b"q", None), threading.Event()

    @WORK
    def work(_):
        release.wait(10)

    _platform.set_queue_threaded(True)
    lib.dispatch_async_f(queue, None, work)
    with pytest.raises(TimeoutError):
        _platform.pump(0.05)
    release.set()
    _platform.pump()
    lib.dispatch_release(queue)


# --- log and loading ---------------------------------------------------------------


def test_log_keeps_lines(lib, capfd):
    first = _platform.log_count()
    lib.tympan_os_log("eins ä".encode())
    _platform.set_log_echo(True)
    lib.tympan_os_log(b"zwei")
    _platform.set_log_echo(False)
    assert _platform.log_lines(first) == ["eins ä", "zwei"]
    assert capfd.readouterr().err == "log: zwei\n"


def test_symbols_are_visible_to_what_is_loaded_later():
    assert tympan.testing.Host
    everything = ctypes.CDLL(None)
    for name in ("CFRetain", "mach_absolute_time", "dispatch_async_f", "tympan_os_log"):
        assert hasattr(everything, name)
