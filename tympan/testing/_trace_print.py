"""A trace for people: one line per call, with what it answered."""

import struct

from tympan.testing._calls import status_text, value_text

_CYCLE = struct.Struct("<QI4x")  # counter and nominal size; time stamps of 64 bytes begin at 16, 80 and 144
_ALWAYS = ("object", "device", "stream", "client")


def lines(trace):
    """The trace as text, line by line: time in seconds, driver, thread, then the call, indented under its caller."""
    several = len(trace.drivers) > 1
    for depth, call in trace.walk():
        where = f"{trace.drivers.get(call.driver, '?')} " if several else ""
        yield f"{trace.seconds(call.time):14.9f}  {where}{call.thread}  {'  ' * depth}{line(call)}"


def line(call):
    """One call without its time."""
    if call.name == "step":
        return f"-- {call.arguments['step']}"
    arrow = "host." if call.to_host else ""
    return f"{arrow}{call.name}({arguments_text(call)}) {answer_text(call)}"


def arguments_text(call):
    """What a call was given."""
    given = call.arguments
    parts = [f"{key} {given[key]}" for key in _ALWAYS if key in given]
    if "selector" in given:
        parts.append(f"'{given['selector']}'")
        parts += [given["scope"]] if given["scope"] != "glob" else []
        parts += [f"element {given['element']}"] if given["element"] else []
    if given.get("pid"):
        parts.append(f"pid {given['pid']}")
    parts += [_argument(call, key, value) for key, value in given.items() if key in _TEXTS]
    if given.get("null"):
        parts.append(f"NULL {' '.join(given['null'])}")
    return ", ".join(part for part in parts if part)


def _argument(call, key, value):
    return _TEXTS[key](call, value)


def _qualifier(call, value):
    return f"qualifier {value_text('', value)}" if value != "" else ""


def _data(call, value):
    return value_text(call.arguments.get("selector", ""), value) if value != "" else ""


def _cycle(call, value):
    if value is None:
        return "no cycle info"
    raw = bytes.fromhex(value)
    counter, _ = _CYCLE.unpack_from(raw)
    now, read, written = (struct.unpack_from("<d", raw, place)[0] for place in (16, 80, 144))
    return f"cycle {counter}: now {now:.0f}, input {read:.0f}, output {written:.0f}"


def _audio(value):
    if isinstance(value, dict):
        return f"audio {value['hash']}"
    return "" if value is None else value if value in ("silence", "same") else f"audio of {len(value) // 2} bytes"


def _addresses(call, value):
    return ", ".join(f"'{selector}' {scope} {element}" for selector, scope, element in value)


_TEXTS = {
    "qualifier": _qualifier,
    "capacity": lambda call, value: f"{value} bytes of room",
    "data": _data,
    "operation": lambda call, value: f"'{value}'",
    "frames": lambda call, value: f"{value} frames",
    "cycle": _cycle,
    "main": lambda call, value: _audio(value),
    "uuid": lambda call, value: value,
    "bundle_id": lambda call, value: "NULL" if value is None else f'"{value}"',
    "action": lambda call, value: f"action {value}",
    "info": lambda call, value: f"info #{value}" if value else "",
    "addresses": _addresses,
    "key": lambda call, value: value_text("", value),
    "value": lambda call, value: value_text("", value),
}


def answer_text(call):
    """What a call answered."""
    answer = call.answer
    if answer is None:
        return "never answered"
    if call.kind in (2, 3):
        return f"-> {answer['status']}"
    if call.kind == 11:
        return f"-> {'yes' if answer['status'] else 'no'}"
    if answer["status"]:
        return f"-> {status_text(answer['status'])}"
    return f"-> {_success(call, answer)}" if len(answer) > 1 else "-> 0"


def _success(call, answer):
    if call.kind == 14:
        return value_text(call.arguments.get("selector", ""), answer["data"])
    if "sample" in answer:
        return f"sample {answer['sample']:.0f} at {answer['host']}, seed {answer['seed']}"
    if "will" in answer:
        return ("yes" if answer["in_place"] else "yes, not in place") if answer["will"] else "no"
    if "main" in answer:
        second = f", secondary {_audio(answer['second'])}" if answer["second"] is not None else ""
        return (_audio(answer["main"]) or "0") + second
    (value,) = (value for key, value in answer.items() if key != "status")
    return value_text("", value) if isinstance(value, dict) or value is None else str(value)


def title(call):
    """A call's name with what tells it from others of its kind, for a timeline."""
    given = call.arguments
    detail = given.get("operation") or given.get("selector") or given.get("step")
    return f"{call.name} {detail}" if detail else call.name


