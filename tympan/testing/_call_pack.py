"""Calls as dicts (the vocabulary of _calls.py), as lines of a script, and as the bytes of hal_call.h's structure."""

import json
import plistlib
import struct
from pathlib import Path

from tympan._errors import UsageError
from tympan.testing._calls import CALLS, DEFAULTS, NULLS, SLOTS, code_number, code_text
from tympan.testing._contents import plist_json, plist_value

#: slot, thread, nulls, kinds of qualifier and data, flag; policy; object, stream, client; pid; selector, scope,
#: element; amount; sizes of main and second; fill; sizes of qualifier and data; action, info.
_CALL = struct.Struct("<6BHIIIiIIIIIIIII4xQQ")
_KINDS = ("bytes", "string", "url", "uuid", "number", "data", "array", "dictionary", "plist")
_PROPERTIES, _CLIENTS, _CHANGES, _IO = range(11, 16), (7, 8), (9, 10), (20, 21, 22)

#: What a host does between calls, by number, with its arguments.
STEPS = {
    32: ("pump", ()),
    33: ("advance", ("ticks",)),
    34: ("policy", ("reenter", "requests", "storage")),
    35: ("perform", ("stopped",)),
    36: ("abort", ()),
    37: ("idle", ()),
}
STEP_NUMBERS = {name: number for number, (name, _) in STEPS.items()}
REQUESTS = ("later", "now", "refuse")


def pack(call):
    """The bytes of a call or step; ValueError, KeyError or TypeError when it is none."""
    if "step" in call:
        return _pack_step(call)
    slot = SLOTS[call["call"]]
    unknown = set(call) - set(CALLS[slot][1]) - {"call", "null", "thread", "second", "qualifier_size", "data_size"}
    if unknown:
        raise ValueError(f"{call['call']} has no {', '.join(sorted(unknown))}")
    given = {**DEFAULTS, **{key: value for key, value in call.items() if value is not None}}
    qualifier, data = _payload(given.get("qualifier", "")), _payload(given.get("data", ""))
    selector, amount, flag = 0, 0, 0
    if slot in _PROPERTIES:
        selector, amount = code_number(given.get("selector", 0)), given.get("capacity", 0)
    if slot in _CLIENTS:
        data = _payload({"string": given["bundle_id"]} if given["bundle_id"] is not None else "")
        flag = given["native"]
    if slot == 1:
        data = _payload(given["uuid"])
    if slot in _IO or slot == 19:
        selector, amount = code_number(given["operation"]), given.get("frames", 0)
    if slot in _IO:
        qualifier = _payload(given.get("cycle") or "")
        data = _payload(given["main"]) if slot == 21 else (0, b"")
    return _bytes(
        given, slot, qualifier, data, selector, amount, flag, code_number(given["scope"]), given.get("action", 0)
    )


def _pack_step(call):
    number = STEP_NUMBERS[call["step"]]
    policy = int(bool(call.get("reenter"))) | REQUESTS.index(call.get("requests", "later")) << 1
    policy |= int(bool(call.get("storage", True))) << 3
    if call["step"] == "perform":
        policy = int(bool(call.get("stopped", True)))
    given = {**DEFAULTS, "thread": call.get("thread", 0)}
    return _bytes(given, number, (0, b""), (0, b""), 0, 0, 0, 0, call.get("ticks", 0), policy)


def _bytes(given, slot, qualifier, data, selector, amount, flag, scope, action, policy=0):
    nulls = sum(NULLS[name] for name in given["null"])
    size = given["bytes"]
    return (
        _CALL.pack(
            slot, given.get("thread", 0), nulls, qualifier[0], data[0], flag, policy,
            given.get("device", given.get("object", 0)), given["stream"], given.get("client", 0), given["pid"],
            selector, scope, given["element"], amount, size, given.get("second", 0), given["fill"],
            len(qualifier[1]), len(data[1]), action, given["info"],
        )
        + qualifier[1]
        + data[1]
    )  # fmt: skip


def _payload(value):
    """(kind, bytes) of a value."""
    if isinstance(value, str):
        return 0, bytes.fromhex(value)
    ((kind, content),) = value.items()
    if kind == "plist":
        return _KINDS.index(kind), plistlib.dumps(plist_value(content))
    return _KINDS.index(kind), content.encode("utf-8")


def unpack(data, place=0):
    """(call, place after it) of packed bytes."""
    fields = _CALL.unpack_from(data, place)
    slot, thread, nulls, qualifier_kind, data_kind, flag, policy, object_id, stream, client, pid = fields[:11]
    selector, scope, element, amount, main, second, fill, qualifier_size, data_size, action, info = fields[11:]
    start = place + _CALL.size
    middle, end = start + qualifier_size, start + qualifier_size + data_size
    qualifier = _value(qualifier_kind, data[start:middle])
    value = _value(data_kind, data[middle:end])
    if slot in STEPS:
        return _unpack_step(slot, thread, policy, action), end
    name, keys = CALLS[slot]
    bundle_id = value.get("string") if isinstance(value, dict) else None
    found = {
        "device": object_id, "object": object_id, "stream": stream, "client": client, "pid": pid, "native": flag,
        "bundle_id": bundle_id, "selector": code_text(selector), "scope": code_text(scope), "element": element,
        "qualifier": qualifier, "data": value, "capacity": amount, "operation": code_text(selector), "frames": amount,
        "cycle": qualifier, "bytes": main, "main": value, "fill": fill, "uuid": value, "action": action, "info": info,
    }  # fmt: skip
    call = {"call": name} | {key: found[key] for key in keys if found[key] != DEFAULTS.get(key, "")}
    if slot in _PROPERTIES and call.get("selector") is None:
        call["selector"] = code_text(selector)
    if second:
        call["second"] = second
    if nulls:
        call["null"] = [null for null, bit in NULLS.items() if nulls & bit]
    return call | ({"thread": thread} if thread else {}), end


def _value(kind, data):
    if _KINDS[kind] == "plist":
        return {"plist": plist_json(plistlib.loads(data))}
    return {_KINDS[kind]: data.decode("utf-8", "replace")} if kind else data.hex()


def _unpack_step(number, thread, policy, action):
    name, _ = STEPS[number]
    call: dict[str, object] = {"step": name}
    if name == "advance":
        call["ticks"] = action
    elif name == "policy":
        call |= {"reenter": bool(policy & 1), "requests": REQUESTS[policy >> 1 & 3], "storage": bool(policy >> 3 & 1)}
    elif name == "perform":
        call["stopped"] = bool(policy & 1)
    return call | ({"thread": thread} if thread else {})


def pack_all(calls):
    """Packed bytes of several calls, each at a multiple of 8."""
    return b"".join(data + bytes(-len(data) % 8) for data in map(pack, calls))


def unpack_all(data):
    """The calls of pack_all() or of the fuzzer's log."""
    calls, place = [], 0
    while place + _CALL.size <= len(data):
        call, place = unpack(data, place)
        calls.append(call)
        place += -place % 8
    return calls


# ---- scripts: one JSON object per line ----


def read_script(path):
    """The calls of a script. UsageError for what is none; lines without anything and comments (#) are left out."""
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        hint = "A script is a text file, one JSON object per line."
        raise UsageError(f"{path} cannot be read: {error}", hint) from None
    calls = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            calls.append(_line(path, number, line))
    return calls


def _line(path, number, line):
    try:
        call = json.loads(line)
        pack(call)
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        reason = f"missing or unknown {error}" if isinstance(error, KeyError) else error
        hint = "docs/fuzzing.md describes scripts."
        raise UsageError(f"line {number} of {path} is no call: {reason}", hint) from None
    return call


def script_text(calls, *comments):
    """A script as text; comments come first."""
    lines = [f"# {comment}" for comment in comments]
    return "".join(f"{line}\n" for line in [*lines, *(json.dumps(call) for call in calls)])
