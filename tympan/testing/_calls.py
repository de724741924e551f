"""The vocabulary of traces and scripts: the calls of driver and host, their arguments, and values as text.

A call is a dict that JSON can hold, its name under "call" and its arguments by name. Numbers
that are four-character codes are written as text, bytes in hexadecimal, references to Core Foundation
objects by content: ``{"string": "text"}``. What is left out has its default.
"""

import json
import struct

#: The 22 functions of the driver's table by slot, with the arguments that a call of each has.
CALLS = {
    1: ("QueryInterface", ("uuid",)),
    2: ("AddRef", ()),
    3: ("Release", ()),
    4: ("Initialize", ()),
    5: ("CreateDevice", ()),
    6: ("DestroyDevice", ("device",)),
    7: ("AddDeviceClient", ("device", "client", "pid", "native", "bundle_id")),
    8: ("RemoveDeviceClient", ("device", "client", "pid", "native", "bundle_id")),
    9: ("PerformDeviceConfigurationChange", ("device", "action", "info")),
    10: ("AbortDeviceConfigurationChange", ("device", "action", "info")),
    11: ("HasProperty", ("object", "selector", "scope", "element", "qualifier", "pid")),
    12: ("IsPropertySettable", ("object", "selector", "scope", "element", "qualifier", "pid")),
    13: ("GetPropertyDataSize", ("object", "selector", "scope", "element", "qualifier", "pid")),
    14: ("GetPropertyData", ("object", "selector", "scope", "element", "qualifier", "pid", "capacity", "data")),
    15: ("SetPropertyData", ("object", "selector", "scope", "element", "qualifier", "pid", "data")),
    16: ("StartIO", ("device", "client")),
    17: ("StopIO", ("device", "client")),
    18: ("GetZeroTimeStamp", ("device", "client")),
    19: ("WillDoIOOperation", ("device", "client", "operation")),
    20: ("BeginIOOperation", ("device", "client", "operation", "frames", "cycle")),
    21: ("DoIOOperation", ("device", "stream", "client", "operation", "frames", "cycle", "bytes", "main", "fill")),
    22: ("EndIOOperation", ("device", "client", "operation", "frames", "cycle")),
}

#: The five functions of the host's table, as numbers of a trace's records.
HOST_CALLS = {
    32: ("PropertiesChanged", ("object", "addresses")),
    33: ("CopyFromStorage", ("key",)),
    34: ("WriteToStorage", ("key", "value")),
    35: ("DeleteFromStorage", ("key",)),
    36: ("RequestDeviceConfigurationChange", ("device", "action", "info")),
}

SLOTS = {name: slot for slot, (name, _) in CALLS.items()}
OPERATIONS = ("thrd", "cycl", "read", "cinp", "pinp", "pout", "mixo", "pmix", "cmix", "rite")

#: Pointers that may be NULL: bit by name, as in hal_call.h and trace_driver.h.
NULLS = {"driver": 1, "address": 2, "data": 4, "out": 8, "out_2": 16, "second": 32}

#: What is left out of a dict.
DEFAULTS = {
    "scope": "glob", "element": 0, "pid": 0, "qualifier": "", "data": "", "native": 1, "bundle_id": None, "info": 0,
    "stream": 0, "fill": 0, "bytes": 0, "main": "", "null": [],
}  # fmt: skip

#: The types of the properties that AudioHardwareBase.h and AudioServerPlugIn.h define; others are bytes.
#: "id" and "ids" are object numbers, "code" and "codes" four-character codes, "reference" a CFString or CFURL.
PROPERTIES = {
    "code": "bcls clas tran term cscp clok clkk",
    "u32": "stdv iden uidd uidb uidc uide bhau bhvi bhmi bpro bxon bxof clkd livn goin dflt sflt ltnc saft hidn ring "
    "cstb resc resf sact sdir schn celm bcvl sdrv",
    "u32s": "ownd dev# box# clk# end# bdv# bcl# akin stm# ctrl dch2 scci scai sdrr spcc",
    "f32": "lcsv lcdv lcsd lcds spcv",
    "f64": "nsrt",
    "range": "nsr# lcdr",
    "format": "sfmt pft ",
    "formats": "sfma pfta",
    "layout": "srnd",
    "custom": "cust",
    "reference": "lnam lmak lmod snum fwvn lchn lccn lcnn uid  muid piid rsrc buid cuid capp icon scin",
}


def _split(text):
    """Codes of four characters with a blank between them; a code may end in a blank."""
    return [text[i : i + 4] for i in range(0, len(text), 5)]


TYPES = {selector: kind for kind, text in PROPERTIES.items() for selector in _split(text)}


def code_text(number):
    """A code as four characters, or in hexadecimal where they cannot be printed."""
    data = (number & 0xFFFFFFFF).to_bytes(4, "big")
    return data.decode("ascii") if all(32 <= byte < 127 for byte in data) else f"0x{number & 0xFFFFFFFF:08x}"


def code_number(text):
    """The reverse of code_text; ValueError when it is no code."""
    if isinstance(text, int):
        return text & 0xFFFFFFFF
    if len(text) == 10 and text.startswith("0x"):
        return int(text, 16)
    data = text.encode("ascii")
    if len(data) != 4:
        raise ValueError(f"a code has four characters: {text!r}")
    return int.from_bytes(data, "big")


def status_text(status):
    """A status as people write it: 0, 'nope', -50."""
    text = code_text(status)
    return str(status) if status == 0 or text.startswith("0x") else f"'{text}'"


# ---- values for people ----

_FORMAT = struct.Struct("<dIIIIIIII")
_RANGE = struct.Struct("<dd")


def value_text(selector, data, longest=96):
    """A property's value (the dict's form) as a person reads it."""
    if not isinstance(data, str):
        return _object_text(data)
    raw = bytes.fromhex(data)
    try:
        text = _typed_text(TYPES.get(selector, ""), raw)
    except (struct.error, ValueError):
        text = ""
    text = text or (f"{len(raw)} bytes {data}" if raw else "nothing")
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _object_text(value):
    if value is None:
        return "NULL"
    (kind, text), *_ = value.items()
    return f'"{text}"' if kind == "string" else f"{kind} {json.dumps(text) if kind == 'plist' else text}"


def _typed_text(kind, raw):
    if kind == "code" and len(raw) == 4:
        return f"'{code_text(int.from_bytes(raw, 'little'))}'"
    if kind in ("u32", "u32s") and raw and len(raw) % 4 == 0:
        numbers = [str(number) for (number,) in struct.iter_unpack("<I", raw)]
        return numbers[0] if kind == "u32" and len(numbers) == 1 else f"[{', '.join(numbers)}]"
    if kind in ("f32", "f64"):
        return f"{struct.unpack('<f' if kind == 'f32' else '<d', raw)[0]:g}"
    if kind == "range":
        return ", ".join(_range_text(*pair) for pair in _RANGE.iter_unpack(raw))
    if kind in ("format", "formats"):
        step = 40 if kind == "format" else 56
        return ", ".join(_format_text(raw[i : i + 40]) for i in range(0, len(raw), step))
    return ""


def _range_text(low, high):
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _format_text(raw):
    rate, kind, flags, _, _, size, channels, bits, _ = _FORMAT.unpack(raw)
    sample = {(1, 32): "float32", (4, 16): "int16", (4, 24): "int24", (4, 32): "int32"}.get((flags & 5, bits))
    name = sample if sample and kind == 0x6C70636D else f"'{code_text(kind)}' flags {flags} bits {bits} frame {size}"
    return f"{name} x {channels} at {rate:g} Hz"
