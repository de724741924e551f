"""A trace as the Chrome JSON trace format, which ui.perfetto.dev opens."""

import json

from tympan.testing._trace_print import answer_text, arguments_text, title

#: Microseconds between two events of a thread that the clock shows at the same time. Calls take no time on a
#: virtual clock, and a timeline could not show them.
STEP = 0.01
_GROUPS = {**dict.fromkeys(range(1, 11), "life"), **dict.fromkeys(range(11, 16), "property"),
           **dict.fromkeys(range(16, 23), "io"), **dict.fromkeys(range(32, 37), "host")}  # fmt: skip


def chrome_events(trace):
    """The events: slices for calls, instants for steps of the host, counters for running clients, names."""
    export = _Export(trace)
    for call in trace.calls:
        export.add(call)
    return [*export.names(), *export.events]


class _Export:
    def __init__(self, trace):
        self.trace = trace
        self.events = []
        self.last = {}  # the last event's time on each thread, in microseconds
        self.running = {}
        self.seen = {}  # (driver, thread): None, in order of appearance

    def moment(self, thread, ticks):
        """When an event of a thread is drawn: at its time, and after the one before."""
        now = self.trace.seconds(ticks) * 1e6
        self.last[thread] = max(now, self.last.get(thread, 0.0) + STEP)
        return round(self.last[thread], 3)

    def add(self, call):
        """A call with everything inside of it."""
        place = {"pid": call.driver + 1, "tid": call.thread}
        self.seen[(call.driver, call.thread)] = None
        begin = self.moment(call.thread, call.time)
        if call.name == "step":
            self.events.append({"name": call.arguments["step"], "ph": "i", "s": "t", "ts": begin, **place})
            return
        event = {"name": title(call), "cat": _GROUPS[call.kind], "ph": "X", "ts": begin, **place}
        event["args"] = {"call": call.number, "arguments": arguments_text(call), "answer": answer_text(call)}
        self.events.append(event)
        for inner in call.calls:
            self.add(inner)
        if call.answer is None:
            event["ph"] = "B"  # never ended
            return
        end = self.moment(call.thread, call.end_time)
        event["dur"] = round(end - begin, 3)
        self._count(call, end, place)

    def _count(self, call, moment, place):
        """A counter of the clients for which StartIO succeeded, per device."""
        if call.kind not in (16, 17) or call.answer["status"]:
            return
        key = (call.driver, call.arguments["device"])
        self.running[key] = self.running.get(key, 0) + (1 if call.kind == 16 else -1)
        name = f"IO of device {key[1]}"
        self.events.append({"name": name, "ph": "C", "ts": moment, **place, "args": {"started": self.running[key]}})

    def names(self):
        """Metadata: the drivers are processes."""
        for driver, name in self.trace.drivers.items():
            yield {"name": "process_name", "ph": "M", "pid": driver + 1, "tid": 0, "args": {"name": name}}
        for driver, thread in self.seen:
            name = f"thread {thread}"
            yield {"name": "thread_name", "ph": "M", "pid": driver + 1, "tid": thread, "args": {"name": name}}


def export(trace, file):
    """Write the trace to a text file as JSON, one event per line."""
    about = {"format": "tympan trace", "clock": trace.clock, "calls": trace.count}
    file.write(f'{{"displayTimeUnit": "ns", "otherData": {json.dumps(about)}, "traceEvents": [\n')
    events = chrome_events(trace)
    file.writelines(f"{json.dumps(event)}{',' if i + 1 < len(events) else ''}\n" for i, event in enumerate(events))
    file.write("]}\n")
    return len(events)
