"""A trace's file as a tree of calls."""

import zlib
from pathlib import Path

from tympan._errors import UsageError
from tympan.testing._calls import CALLS, HOST_CALLS, NULLS, OPERATIONS, code_text
from tympan.testing._trace import Cursor, Last, Short
from tympan.testing._trace_record import CLOCKS, END, HEADER, MAGIC, VERSION

_ANSWER, _DRIVER, _STEP = 64, 65, 66


class Call:
    """One call: ``number`` (from 1, in order of their beginnings), ``thread``, ``driver`` (its number), ``name``,
    ``arguments`` (a dict of the vocabulary), ``answer`` (a dict, None if it never came), ``time`` and
    ``end_time`` in ticks, and ``calls``: what was called on the same thread before it answered.
    ``to_host`` is true when the driver calls its host; a step of the host has the name "step"."""

    __slots__ = ("answer", "arguments", "calls", "driver", "end_time", "kind", "name", "number", "thread", "time")

    def __init__(self, number, thread, driver, kind, name, arguments, time):
        self.number, self.thread, self.driver, self.kind = number, thread, driver, kind
        self.name, self.arguments, self.time = name, arguments, time
        self.answer = self.end_time = None
        self.calls = []

    @property
    def to_host(self):
        """Whether the driver made this call."""
        return self.kind in HOST_CALLS

    def __repr__(self):
        return f"<Call {self.number}: {self.name}>"


class Trace:
    """A trace that was read: ``clock``, ``timebase``, ``has_audio``, ``drivers`` (names by number), ``calls`` (those that
    were made from outside of any other, in order), ``count``, and ``problem``: a sentence, or "" when it is whole."""

    def __init__(self, path, clock, timebase, has_audio):
        self.path, self.clock, self.timebase, self.has_audio = path, clock, timebase, has_audio
        self.drivers = {}
        self.calls = []
        self.count = 0
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
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Give the file that `trace record` wrote.") from None
    trace = _header(path, data)
    _Reader(trace, data).run()
    return trace


def _header(path, data):
    hint = "Give the file that `trace record` wrote."
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise UsageError(f"{path} is not a trace of tympan", hint)
    _, version, flags, numer, denom = HEADER.unpack_from(data)
    if version != VERSION:
        raise UsageError(f"{path} is a trace of format {version}; this tympan reads format {VERSION}", hint)
    if flags >> 3 or flags >> 1 & 3 >= len(CLOCKS) or not numer or not denom:
        raise UsageError(f"{path} is a damaged trace: its first bytes make no sense", hint)
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
        except (Short, UnicodeDecodeError, KeyError, IndexError):
            self.trace.problem = f"{self.trace.path} is damaged after call {self.trace.count}"
        if self.trace.problem:
            return
        if not self.ended:
            self.trace.problem = f"{self.trace.path} ends after call {self.trace.count}: it was cut, or its session crashed"
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
        last = self.last.setdefault(thread, Last())
        time = cursor.time(last)
        stack = self.open.setdefault(thread, [])
        if kind == _ANSWER:
            call = stack.pop()
            call.answer, call.end_time = _answer(call.kind, cursor, last), time
        elif kind == _STEP:
            self._add(stack, Call(0, thread, 0, kind, "step", {"step": cursor.text().decode("utf-8")}, time))
        else:
            driver = cursor.number()
            if kind == _DRIVER:
                self.trace.drivers[driver] = cursor.text().decode("utf-8")
                return
            name, arguments = _arguments(kind, cursor, last)
            call = Call(0, thread, driver, kind, name, arguments, time)
            self._add(stack, call)
            stack.append(call)

    def _add(self, stack, call):
        self.trace.count += 1
        call.number = self.trace.count
        (stack[-1].calls if stack else self.trace.calls).append(call)


# ---- the fields of each kind ----


def _object(cursor):
    kind = cursor.byte()
    if kind == 0:
        return None
    if kind == 1:
        return {"string": cursor.text().decode("utf-8")}
    return {"url" if kind == 2 else "object": ""}


def _value(found, key, cursor):
    """A qualifier or a property's data; for a NULL pointer with a size, only the size."""
    kind = cursor.byte()
    if kind == 3:
        found[f"{key}_size"] = cursor.number()
    found[key] = _object(cursor) if kind == 2 else cursor.text().hex() if kind == 1 else ""


def _audio(cursor):
    kind = cursor.byte()
    if kind == 2:
        return {"hash": f"{int.from_bytes(cursor.take(8), 'little'):016x}"}
    return cursor.text().hex() if kind == 3 else {0: None, 1: "silence", 4: "same"}[kind]


def _scope(cursor):
    number = cursor.byte()
    return code_text(cursor.code()) if number == 15 else ("glob", "inpt", "outp")[number]


def _operation(cursor):
    number = cursor.byte()
    return code_text(cursor.code()) if number == 15 else OPERATIONS[number]


def _cycle(cursor, last):
    data = cursor.cycle(last)
    return None if data is None else data.hex()


def _nulls(cursor):
    bits = cursor.number()
    return [name for name, bit in NULLS.items() if bits & bit]


def _arguments(kind, cursor, last):
    """(name, arguments) of the beginning of a call."""
    name, _ = CALLS[kind] if kind in CALLS else HOST_CALLS[kind]
    found = {}
    if kind in (1, 4, 5, 7, 8, 11, 12, 13, 14, 15, 18, 19, 21):
        nulls = _nulls(cursor)
        if nulls:
            found["null"] = nulls
    _FIELDS.get(kind, _no_fields)(found, cursor, last)
    return name, found


def _no_fields(found, cursor, last):
    pass


def _query(found, cursor, last):
    found["uuid"] = cursor.text().hex()


def _device(found, cursor, last):
    found["device"] = cursor.number()


def _client(found, cursor, last):
    found["device"] = cursor.number()
    if "address" in found.get("null", ()):
        return
    found.update(client=cursor.number(), pid=cursor.signed(), native=cursor.number())
    bundle_id = _object(cursor)
    found["bundle_id"] = bundle_id and bundle_id.get("string", "")


def _change(found, cursor, last):
    found.update(device=cursor.number(), action=cursor.number(), info=cursor.number())


def _property(found, cursor, last):
    found.update(object=cursor.number(), pid=cursor.signed())
    if "address" not in found.get("null", ()):
        found.update(selector=code_text(cursor.code()), scope=_scope(cursor), element=cursor.number())


def _size(found, cursor, last):
    _property(found, cursor, last)
    _value(found, "qualifier", cursor)


def _get(found, cursor, last):
    _size(found, cursor, last)
    found.update(capacity=cursor.number(), data=cursor.text().hex())


def _set(found, cursor, last):
    _size(found, cursor, last)
    _value(found, "data", cursor)


def _device_client(found, cursor, last):
    found.update(device=cursor.number(), client=cursor.number())


def _will_do(found, cursor, last):
    _device_client(found, cursor, last)
    found["operation"] = code_text(cursor.code())


def _around(found, cursor, last):
    _device_client(found, cursor, last)
    found.update(operation=_operation(cursor), frames=cursor.number(), cycle=_cycle(cursor, last))


def _do(found, cursor, last):
    found.update(device=cursor.number(), stream=cursor.number(), client=cursor.number())
    found.update(operation=_operation(cursor), frames=cursor.number(), cycle=_cycle(cursor, last))
    found.update(bytes=cursor.number(), main=_audio(cursor))


def _changed(found, cursor, last):
    found.update(object=cursor.number(), count=cursor.number())
    addresses = [(cursor.code(), cursor.code(), cursor.number()) for _ in range(cursor.number())]
    found["addresses"] = [[code_text(selector), code_text(scope), element] for selector, scope, element in addresses]


def _key(found, cursor, last):
    found["key"] = _object(cursor)


def _key_value(found, cursor, last):
    found.update(key=_object(cursor), value=_object(cursor))


_FIELDS = {
    1: _query, 6: _device, 7: _client, 8: _client, 9: _change, 10: _change, 11: _property, 12: _property,
    13: _size, 14: _get, 15: _set, 16: _device_client, 17: _device_client, 18: _device_client, 19: _will_do,
    20: _around, 21: _do, 22: _around, 32: _changed, 33: _key, 34: _key_value, 35: _key, 36: _change,
}  # fmt: skip


def _answer(kind, cursor, last):
    found = {"status": cursor.signed()}
    if kind == 1:
        found["found"] = bool(cursor.number())
    elif kind == 5:
        found["device"] = cursor.number()
    elif kind == 12:
        found["settable"] = bool(cursor.number())
    elif kind == 13:
        found["size"] = cursor.number()
    elif kind == 14:
        found["size"] = cursor.number()
        _value(found, "data", cursor)
    elif kind == 18 and cursor.place < cursor.end:
        found["sample"], found["host"], found["seed"] = cursor.stamp(last)
    elif kind == 19:
        found.update(will=bool(cursor.number()), in_place=bool(cursor.number()))
    elif kind == 21:
        found.update(main=_audio(cursor), second=_audio(cursor))
    elif kind == 33:
        found["value"] = _object(cursor)
    return found
