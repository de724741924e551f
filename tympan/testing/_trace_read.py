"""A trace's file as a tree of calls."""

import zlib
from pathlib import Path

from tympan._errors import UsageError
from tympan.testing._calls import HOST_CALLS
from tympan.testing._trace import Cursor, Last, Short
from tympan.testing._trace_fields import answer_of, arguments_of
from tympan.testing._trace_record import CLOCKS, END, HEADER, MAGIC, VERSION

_ANSWER, _DRIVER, _STEP = 64, 65, 66
_HINT = "Give the file that `trace record` wrote."


class Call:
    """One call: ``number`` (from 1, in order of their beginnings), ``thread``, ``driver`` (its number), ``name``,
    ``arguments`` (a dict of the vocabulary), ``answer`` (a dict, None if it never came), ``time`` and
    ``end_time`` in ticks, and ``calls``: what was called on the same thread before it answered.
    ``raced`` is true when it had no fixed order: a call of the same driver was open on another thread, or it was
    made from a call that the driver made on a thread of its own. ``to_host`` is true when the driver calls its host;
    a step of the host has the name "step"."""

    __slots__ = (
        "answer", "arguments", "calls", "driver", "end_time", "kind", "name", "number", "raced", "thread", "time",
    )  # fmt: skip

    def __init__(self, number, thread, driver, kind, name, arguments, time):
        self.number, self.thread, self.driver, self.kind = number, thread, driver, kind
        self.name, self.arguments, self.time = name, arguments, time
        self.answer = self.end_time = None
        self.calls = []
        self.raced = False

    @property
    def to_host(self):
        """Whether the driver made this call."""
        return self.kind in HOST_CALLS

    def __repr__(self):
        return f"<Call {self.number}: {self.name}>"


class Trace:
    """A trace that was read: ``clock``, ``timebase``, ``has_audio``, ``drivers`` (names by number), ``calls`` (those
    that were made from outside of any other, in order), ``count`` (of all calls), ``threads`` (how many), and
    ``problem``: a sentence, or "" when it is whole."""

    def __init__(self, path, clock, timebase, has_audio):
        self.path, self.clock, self.timebase, self.has_audio = path, clock, timebase, has_audio
        self.drivers = {}
        self.calls = []
        self.count = self.threads = 0
        self.problem = ""

    def seconds(self, ticks):
        """Ticks as seconds of the host's clock."""
        return ticks * self.timebase[0] / self.timebase[1] / 1e9

    def walk(self, calls=None, depth=0):
        """(depth, call) of every call, in the order of their beginnings on each thread."""
        for call in self.calls if calls is None else calls:
            yield depth, call
            yield from self.walk(call.calls, depth + 1)


def read_trace(path):
    """The Trace of a file. UsageError for what is none; a damaged or cut one has a ``problem``."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", _HINT) from None
    trace = _header(path, data)
    _Reader(trace, data).run()
    return trace


def _header(path, data):
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise UsageError(f"{path} is not a trace of tympan", _HINT)
    _, version, flags, numer, denom = HEADER.unpack_from(data)
    if version != VERSION:
        raise UsageError(f"{path} is a trace of format {version}; this tympan reads format {VERSION}", _HINT)
    if flags >> 3 or flags >> 1 & 3 >= len(CLOCKS) or not numer or not denom:
        raise UsageError(f"{path} is a damaged trace: its first bytes make no sense", _HINT)
    return Trace(path, CLOCKS[flags >> 1 & 3], (numer, denom), bool(flags & 1))


class _Reader:
    def __init__(self, trace, data):
        self.trace, self.data = trace, data
        self.cursor = Cursor(data, HEADER.size)
        self.open = {}  # calls without an answer yet, by thread
        self.last = {}
        self.ended = False
        self.records = 0

    def run(self):
        """Every record; a problem is noted where reading must stop."""
        try:
            while self.cursor.place < len(self.data) and not self.ended:
                self._record()
        except (Short, ValueError, KeyError, IndexError):
            self.trace.problem = f"{self.trace.path} is damaged after call {self.trace.count}"
        own = [call for call in self.trace.calls if call.to_host and self.trace.threads > 1]
        for _, call in self.trace.walk(own):
            call.raced = True
        if self.trace.problem:
            return
        if not self.ended:
            reason = "it was cut, or its session crashed"
            self.trace.problem = f"{self.trace.path} ends after call {self.trace.count}: {reason}"
        elif self.cursor.place < len(self.data):
            self.trace.problem = f"{self.trace.path} goes on after its end"

    def _record(self):
        cursor, start = self.cursor, self.cursor.place
        size = cursor.number()
        if not size:
            cursor.place = len(self.data)  # never written: the session crashed
            return
        end = cursor.place + size
        if end > len(self.data):
            cursor.place = len(self.data)
            return
        cursor.end = end
        kind = cursor.byte()
        if kind == END:
            self._end(start)
        else:
            self._event(kind)
            self.records += 1
        if cursor.place != end:
            raise Short
        cursor.end = len(self.data)

    def _end(self, start):
        cursor = self.cursor
        records, lost, checksum = cursor.number(), cursor.number(), cursor.number()
        self.ended = True
        if records != self.records or zlib.crc32(self.data[:start]) != checksum:
            self.trace.problem = f"{self.trace.path} is damaged: its checksum is wrong"
        elif lost:
            self.trace.problem = f"{self.trace.path} lacks {lost} records: the session was too long for a trace"

    def _event(self, kind):
        cursor = self.cursor
        thread = cursor.number()
        self.trace.threads = max(self.trace.threads, thread)
        last = self.last.setdefault(thread, Last())
        time = cursor.time(last)
        stack = self.open.setdefault(thread, [])
        if kind == _ANSWER:
            call = stack.pop()
            call.answer, call.end_time = answer_of(call.kind, cursor, last), time
        elif kind == _STEP:
            self._add(stack, Call(0, thread, 0, kind, "step", {"step": cursor.text().decode("utf-8")}, time))
        else:
            driver = cursor.number()
            if kind == _DRIVER:
                self.trace.drivers[driver] = cursor.text().decode("utf-8")
                return
            name, arguments = arguments_of(kind, cursor, last)
            call = Call(0, thread, driver, kind, name, arguments, time)
            self._add(stack, call)
            self._note_race(call)
            stack.append(call)

    def _add(self, stack, call):
        self.trace.count += 1
        call.number = self.trace.count
        (stack[-1].calls if stack else self.trace.calls).append(call)

    def _note_race(self, call):
        """Calls of one driver that are open on two threads: either may see what the other has done, or not."""
        if call.to_host:
            return
        for thread, stack in self.open.items():
            for other in stack if thread != call.thread else ():
                if other.driver == call.driver and not other.to_host:
                    other.raced = call.raced = True
