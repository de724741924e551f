"""LogSink: what it logs, loses and says about it, and that its thread sleeps and ends."""

import _thread
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tympan import LogSink
from tympan.testing import Host

ROOT = Path(__file__).parents[1]


@pytest.fixture
def log():
    """The lines of the simulated host's log since the test began."""
    with Host() as hal:
        yield lambda: hal.log


def wait_until(condition):
    """Poll; a test that waits in vain fails after a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def numbers(sink_size=8, **options):
    """(sink, list): a sink of 64-bit numbers, and those that have been decoded."""
    found = []
    return LogSink(sink_size, lambda record: found.append(struct.unpack("<Q", record)[0]), **options), found


def test_text_goes_to_the_log(io_code, log):
    sink = LogSink(16)
    sink.start()
    assert io_code.try_push(sink, "sn\N{SNOWMAN}w\0rest".encode().ljust(16, b"\xFF"))
    assert sink.write(b"full".ljust(16, b"!")) and sink.write(b"\xFFbad\n".ljust(16, b"\0"))
    assert sink.stop()
    assert log() == ["sn\N{SNOWMAN}w", "full" + 12 * "!", "\N{REPLACEMENT CHARACTER}bad "]


def test_decode_and_emit(io_code):
    seen, lines = [], []

    def decode(record):
        seen.append(struct.unpack("<dd", record))
        return None if seen[-1][0] < 0 else f"{seen[-1]}"

    sink = LogSink(16, decode, emit=lines.append)
    sink.start()
    pairs = [(1.5, 2.5), (-1.0, 0.0), (2.0, 0.25)]
    for pair in pairs:
        io_code.try_push(sink, struct.pack("<dd", *pair))
    sink.stop()
    assert (seen, lines) == (pairs, ["(1.5, 2.5)", "(2.0, 0.25)"])


def test_while_it_runs(io_code):
    sink, found = numbers()
    sink.start()
    for number in range(5):
        io_code.try_push(sink, struct.pack("<Q", number))
        wait_until(lambda number=number: found == list(range(number + 1)))
    sink.stop()


def test_what_came_before_start_waits(io_code):
    sink, found = numbers()
    io_code.try_push(sink, struct.pack("<Q", 7))
    assert found == []
    sink.start()
    sink.stop()
    assert found == [7]


def test_dropped_records_are_counted_and_reported(io_code):
    lines = []
    sink = LogSink(8, lambda record: None, emit=lines.append, capacity=5)
    assert sink.capacity == 8, "the next power of two"
    taken = [io_code.try_push(sink, bytes(8)) for _ in range(11)]
    assert taken == [True] * 8 + [False] * 3 and sink.dropped == 3
    sink.start()
    sink.stop()
    assert lines == ["tympan: 3 log records were dropped; the LogSink holds 8"]
    sink.start()
    io_code.try_push(sink, bytes(8))
    sink.stop()
    assert len(lines) == 1, "said once"


def test_a_record_of_another_size_is_dropped(io_code):
    sink, found = numbers()
    sink.start()
    assert not io_code.try_push(sink, bytes(7)) and not io_code.try_push(sink, bytes(9))
    sink.stop()
    assert (sink.dropped, found) == (2, [])


@pytest.mark.parametrize("where", ["decode", "emit"])
@pytest.mark.parametrize("error", [ValueError("no\nsuch day"), SystemExit(3), KeyboardInterrupt()])
def test_an_exception_ends_the_drainer_and_is_said_once(io_code, log, where, error):
    calls = []

    def broken(_):
        calls.append(1)
        raise error

    sink = LogSink(8, broken) if where == "decode" else LogSink(8, emit=broken)
    sink.start()
    pushed = [io_code.try_push(sink, b"record..") for _ in range(3)]
    wait_until(lambda: not sink.alive)
    assert calls == [1] and pushed == [True] * 3
    text = str(error).replace("\n", " ")
    said = f"tympan: a LogSink logs nothing more: its callable raised {type(error).__name__}: {text}"
    assert log() == [said]
    while io_code.try_push(sink, b"record.."):
        pass
    assert sink.dropped == 1 and sink.stop() and log() == [said], "IO code goes on, and records are dropped"


def test_an_exception_that_cannot_be_described(io_code, log):
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError

    def decode(record):
        raise Broken

    sink = LogSink(8, decode)
    io_code.try_push(sink, bytes(8))
    sink.start()
    sink.stop()
    assert log()[0].endswith("raised an exception that could not be described")


def test_start_and_stop_any_number_of_times(io_code):
    before = _thread._count()
    sink, found = numbers()
    assert sink.stop() and not sink.alive
    for number in range(3):
        sink.start()
        sink.start()
        wait_until(lambda: _thread._count() == before + 1)
        assert sink.alive
        io_code.try_push(sink, struct.pack("<Q", number))
        assert sink.stop() and sink.stop() and not sink.alive
        wait_until(lambda: _thread._count() == before)
    assert found == [0, 1, 2]


def test_stop_from_its_own_callable(io_code):
    sink, answers = None, []
    sink = LogSink(8, lambda record: answers.append(sink.stop()))
    sink.start()
    io_code.try_push(sink, bytes(8))
    wait_until(lambda: not sink.alive)
    assert answers == [False], "it cannot wait for itself"


def test_a_callable_that_does_not_return(io_code, log):
    blocked = _thread.allocate_lock()
    blocked.acquire()
    sink = LogSink(8, lambda record: blocked.acquire() and None)
    sink.start()
    io_code.try_push(sink, bytes(8))
    assert not sink.stop(timeout=0.05)
    assert log() == ["tympan: a LogSink's callable has not returned for 0.05 s; its thread is left alone"]
    blocked.release()
    wait_until(lambda: not sink.alive)
    sink.start()
    assert sink.alive and sink.stop()


def test_a_sink_that_nobody_holds_ends_its_thread(io_code):
    before = _thread._count()
    sink, found = numbers()
    sink.start()
    wait_until(lambda: _thread._count() == before + 1)
    io_code.try_push(sink, struct.pack("<Q", 9))
    del sink
    wait_until(lambda: _thread._count() == before)
    assert found == [9]


def test_many_producers(io_code):
    """Each one's records come in order, none is missing."""
    found = {}

    def decode(record):
        number, who = struct.unpack("<QQ", record)
        found.setdefault(who, []).append(number)

    sink = LogSink(16, decode, capacity=64, interval=0.01)
    sink.start()
    threads = [threading.Thread(target=io_code.try_push_many, args=(sink, who, 2000)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sink.stop()
    assert found == {who: list(range(2000)) for who in range(4)}


def switches(task):
    """How often a thread has gone to sleep (Linux)."""
    text = Path(f"/proc/self/task/{task}/status").read_text()
    return int(text.partition("voluntary_ctxt_switches:")[2].split()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="counts wake-ups in /proc")
def test_the_drainer_sleeps_when_there_is_nothing():
    """A few wake-ups per interval of 50 ms; a thread that polled each millisecond would have 500 in half a second."""
    before = set(os.listdir("/proc/self/task"))
    sink, _ = numbers()
    sink.start()
    (task,) = set(os.listdir("/proc/self/task")) - before
    time.sleep(0.1)
    count = switches(task)
    time.sleep(0.5)
    assert switches(task) - count <= 40
    sink.stop()


ENDS = """
import sys
from tympan import LogSink
sink = LogSink(8, interval=0.01)
sink.start()
sink.write(b"a line".ljust(8, b"\\0"))
{more}
"""


@pytest.mark.parametrize("more", ["", "sys.exit(0)", "del sink", "sink.stop()", "import os; os._exit(0)"])
def test_a_process_ends_with_a_drainer(more):
    """No hang, no crash, whatever the interpreter does with the thread; and standard error where there is no log."""
    command = [sys.executable, "-c", ENDS.format(more=more)]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)
        assert done.returncode == 0 and done.stdout == ""
        assert done.stderr in ("", "a line\n")
    if more == "sink.stop()":
        assert done.stderr == "a line\n"


LATE = """
from tympan import LogSink
sink = LogSink(8)
sink.write(b"a line".ljust(8, b"\\0"))
from tympan.testing import Host
with Host() as hal:
    sink.start()
    sink.stop()
    assert hal.log == ["a line"], hal.log
"""


def test_the_host_may_come_later():
    """The platform library is found when there is something to log, not when the module is imported."""
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 0}, "LogSink: size is 0"),
        ({"size": 70_000}, "LogSink: size is 70000"),
        ({"size": 8, "capacity": 0}, "LogSink: capacity is 0"),
        ({"size": 8, "interval": 0.001}, "an interval of 0.001 s; give 0.01 to 60"),
        ({"size": 8, "interval": float("nan")}, "an interval of nan s"),
        ({"size": 8, "decode": "%s"}, "decode is '%s', which cannot be called"),
        ({"size": 8, "emit": 3}, "emit is 3, which cannot be called"),
    ],
)
def test_wrong_arguments(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        LogSink(**options)
