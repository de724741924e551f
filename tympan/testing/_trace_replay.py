"""A recorded session made again with a driver: every call with the same arguments at the same virtual time.

What the driver asks of its host in the meantime gets the recorded answers, and the calls that
the host made from inside it are made again there. What differs becomes a sentence.
"""

import threading
import time as real_time

from tympan._errors import UsageError
from tympan.testing import _host, _loader, _platform
from tympan.testing._call import AnsweringHost, Caller
from tympan.testing._call_pack import pack
from tympan.testing._calls import HOST_CALLS, code_text
from tympan.testing._contents import content_of, make
from tympan.testing._session import Host
from tympan.testing._trace import audio_hash
from tympan.testing._trace_print import answer_text, arguments_text, line

_hosts = []  # a driver may call its host for as long as the process lives
_WAIT = 1.0  # seconds for a call that the driver makes on a thread of its own
_NAMES = {name: number for number, (name, _) in HOST_CALLS.items()}


def replay(trace, paths, report=None):
    """Play a Trace against bundles, in the order in which they were loaded; the Replay with its ``differences``.

    ``report(call)`` is called before each call that the host makes.
    """
    if len(paths) != len(trace.drivers):
        names = ", ".join(trace.drivers.values()) or "none"
        raise UsageError(f"the trace has {len(trace.drivers)} drivers ({names}), not {len(paths)}",
                         "Give one .driver for each, in this order.")  # fmt: skip
    bundles = [_loader.read_bundle(path) for path in paths]
    with Host(timebase=trace.timebase, check_leaks=False, guard=False) as hal:
        drivers = [_Driver(bundle) for bundle in bundles]
        player = Replay(trace, drivers, report)
        if hal.clock != "virtual":
            player.timed = False
        player.play(trace.calls)
        for driver in drivers:
            driver.release()
    return player


class _Driver:
    """A driver in the replay, with the host that answers it."""

    def __init__(self, bundle):
        self.table = _loader.query_driver(_host.Table(_loader.create_from_bundle(bundle)))
        self.caller = Caller(self.table.address)
        self.references = 1
        self.host = AnsweringHost(self)
        self.called = None
        _hosts.append(self.host)

    def release(self):
        """What the recorded session did not release, because it crashed or was cut."""
        for _ in range(self.references):
            self.table.release()


class Replay:
    """``differences`` so far as sentences; ``unheard``: how many buffers could not be compared, because what was
    played before is not in the trace; ``raced``: how many answers differ of calls that overlapped another thread's."""

    def __init__(self, trace, drivers, report=None):
        self.trace, self.drivers, self.report = trace, drivers, report
        self.differences = []
        self.unheard = self.raced = 0
        self.timed = True
        self._hears = True  # all audio so far was in the trace
        self._expected = []  # calls to the host that are due, in order
        self._begun, self._came = set(), set()  # calls to the host; a call came when it was answered
        self._changes = {}  # (driver, device, action, info) as recorded: [(action, info) now, ...]
        self._changed = threading.RLock()  # of what is due; a driver may call on any thread
        self._own = [call for call in trace.calls if call.to_host]  # outside of any other call
        for driver in drivers:
            driver.called = lambda name, arguments, driver=driver: self._called(driver, name, arguments)

    # What the host does

    def play(self, calls):
        """Calls and steps in order. Calls to the host among them are those that the driver makes by itself."""
        for i, call in enumerate(calls):
            if call.to_host:
                self._await(call, calls, i)
                continue
            if self.timed:
                _platform.set_time(call.time)
            if call.name == "step":
                self._pump(calls, i + 1)
            else:
                self._make(call)

    def _pump(self, calls, first):
        """Run the queues. What their work calls is recorded right after the step, or later on other threads."""
        last = first
        while last < len(calls) and calls[last].to_host:
            last += 1
        with self._changed:
            before, self._expected = self._expected, [due for due in calls[first:last] if due not in self._begun]
        _platform.pump()
        with self._changed:
            self._expected = before

    def _await(self, call, calls, place):
        """A call that the driver makes by itself: it has come, or comes within a second if other threads are there."""
        end = real_time.monotonic() + (_WAIT if self.trace.threads > 1 else 0.0)
        while call not in self._came:
            self._pump(calls, place)
            real_time.sleep(0.0 if call in self._came else 0.001)
            if call not in self._came and real_time.monotonic() >= end:
                self._differs(call, "the driver did not call it")
                return

    def _make(self, call):
        if self.report:
            self.report(call)
        driver = self.drivers[call.driver]
        arguments = self._prepared(call)
        before, self._expected = self._expected, [inner for inner in call.calls if inner.to_host]
        answer = driver.caller.make(pack(arguments), driver.host)
        left, self._expected = self._expected, before
        driver.references += {"AddRef": 1, "Release": -1}.get(call.name, 0)
        for missing in left:
            self._differs(missing, f"the driver did not call it inside call {call.number}")
        if answer["fault"]:
            self._differs(call, f"{answer['fault']} in guarded memory")
        if call.answer is not None:
            self._compare(call, self._lived(call, answer))

    def _prepared(self, call):
        """The call to make: as recorded, with the driver's own `info` and with audio where the trace has it."""
        arguments = {"call": call.name} | call.arguments
        if call.kind in (9, 10):
            key = (call.driver, arguments["device"], arguments["action"], arguments["info"])
            waiting = self._changes.get(key)
            arguments["action"], arguments["info"] = waiting.pop(0) if waiting else (arguments["action"], 0)
        if call.kind == 21:
            main = arguments.pop("main")
            if isinstance(main, dict):
                self._hears = False
            elif main not in (None, "silence"):
                arguments["main"] = main
            if main is None:
                arguments["fill"] = 1
            second = call.answer and call.answer["second"] is not None
            arguments["second"] = arguments["bytes"] if second else 0
        return arguments

    # Comparing

    def _differs(self, call, what):
        self.differences.append(f"call {call.number} at {self.trace.seconds(call.time):.9f} s, {line(call)}: {what}")

    def _lived(self, call, answer):
        """The answer of the replayed call in the trace's form."""
        found = {"status": answer["status"]}
        if call.kind == 1:
            found["found"] = bool(answer["found"])
        elif call.kind == 5:
            found["device"] = answer["value"]
        elif call.kind in (12, 13):
            value = 0 if answer["status"] else answer["value"]
            found |= {"settable": bool(value)} if call.kind == 12 else {"size": value}
        elif call.kind == 14:
            found |= {"size": answer["size"], "data": _reference(answer["data"])}
        elif call.kind == 18 and not answer["status"] and "null" not in call.arguments:
            found |= {key: answer[key] for key in ("sample", "host", "seed")}
        elif call.kind == 19:
            wills = (answer["value"], answer["second_value"]) if not answer["status"] else (0, 0)
            found |= {"will": bool(wills[0]), "in_place": bool(wills[1])}
        elif call.kind == 21:
            found |= self._audio(call, answer)
        return found

    def _audio(self, call, answer):
        return {key: self._heard(call, call.answer[key], answer[key]) for key in ("main", "second")}

    def _heard(self, call, recorded, data):
        """The audio of a buffer in the form of the recorded one, so that equal audio is equal."""
        if recorded is None:
            return None
        if not self._hears:
            self.unheard += 1
            return recorded
        if recorded == "same":
            given = call.arguments["main"]
            return "same" if self._heard(call, given, data) == given else "changed"
        if recorded == "silence":
            return "silence" if not any(data) else {"hash": f"{audio_hash(data):016x}"}
        return {"hash": f"{audio_hash(data):016x}"} if isinstance(recorded, dict) else data.hex()

    def _compare(self, call, lived):
        if lived != call.answer and call.raced:
            self.raced += 1
        elif lived != call.answer:
            recorded, call.answer = call.answer, lived
            text = answer_text(call)
            call.answer = recorded
            self._differs(call, f"now {text}")

    # What the driver asks

    def _called(self, driver, name, arguments):
        """A call of the host's table, on whatever thread: (status, address)."""
        with self._changed:
            given = _given(name, arguments)
            call = self._due(name, given)
            if call is None:
                text = ", ".join(str(value) for value in given.values())
                self.differences.append(f"the driver called {name}({text}), which the recording does not have here")
                return 0, 0
            self._check(driver, call, given, arguments)
            self.play(call.calls)
            self._came.add(call)
            answer = call.answer or {"status": 0}
            return answer["status"], make(answer.get("value"))

    def _due(self, name, given):
        """The next call that is due, when it has this name; those before it are missing."""
        if self.trace.threads > 1:
            return self._due_in_any_order(name, given)
        names = [call.name for call in self._expected]
        if name not in names:
            return None
        place = names.index(name)
        for missing in self._expected[:place]:
            self._differs(missing, "the driver did not call it")
        self._came.update(self._expected[:place])
        return self._begin(self._expected[place], self._expected[place + 1 :])

    def _due_in_any_order(self, name, given):
        """A call with these arguments: a driver's threads come in an order of their own, here and in the recording."""
        for call in self._expected + self._own:
            if call not in self._begun and call.name == name and _recorded(call, given) == _stable(given):
                return self._begin(call, [other for other in self._expected if other is not call])
        return None

    def _begin(self, call, left):
        self._begun.add(call)
        self._expected = left
        return call

    def _check(self, driver, call, given, arguments):
        recorded, lived = _recorded(call, given), _stable(given)
        if call.kind == _NAMES["RequestDeviceConfigurationChange"]:
            asked = call.arguments
            key = (self.drivers.index(driver), asked["device"], asked["action"], asked["info"])
            self._changes.setdefault(key, []).append((given["action"], arguments[2]))
        if recorded != lived:
            recorded, call.arguments = call.arguments, {**call.arguments, **lived}
            text = arguments_text(call)
            call.arguments = recorded
            self._differs(call, f"now with {text}")


def _stable(given):
    """Arguments that are the same in every session: not what a driver may use as it likes."""
    return {key: value for key, value in given.items() if key not in ("action", "info")}


def _recorded(call, given):
    return {key: call.arguments.get(key) for key in _stable(given)}


def _given(name, arguments):
    """The arguments of a call to the host in the trace's form."""
    if name == "PropertiesChanged":
        addresses = [[code_text(selector), code_text(scope), element] for selector, scope, element in arguments[2]]
        return {"object": arguments[0], "count": arguments[1], "addresses": addresses}
    if name == "RequestDeviceConfigurationChange":
        return {"device": arguments[0], "action": arguments[1], "info": bool(arguments[2])}
    return dict(zip(("key", "value"), (content_of(address) for address in arguments), strict=False))


def _reference(data):
    """A value as the trace has it; a reference that came with it is released."""
    address = int.from_bytes(data, "little") if len(data) == 8 else 0
    if not address or not _host.kind_of(address):
        return data.hex()
    found = content_of(address)
    _host.release(address)
    return found
