"""Which properties an object has, as rows: hal-protocol part B. Data only, and how to ask it."""

from typing import NamedTuple

#: kAudioDevicePropertyZeroTimeStampPeriod: the smallest period that the HAL takes, in frames.
MINIMUM_PERIOD = 10_923

GLOBAL, INPUT, OUTPUT = "glob", "inpt", "outp"
_SCOPES = {"g": GLOBAL, "i": INPUT, "o": OUTPUT}


class Row(NamedTuple):
    """``scopes`` of "gio"; in "i" and "o" only where the device has streams. ``level``: M must, s should, o may.
    ``settable``: True, False, or None where both are right."""

    selector: str
    scopes: str
    kind: str
    level: str
    settable: bool | None = False


#: Bytes of a value, or of an element of a list (LISTS).
SIZES = {
    "u32": 4, "flag": 4, "code": 4, "f32": 4, "f64": 8, "text": 8, "url": 8, "pair": 8, "range": 16, "format": 40,
    "ids": 4, "u32s": 4, "ranges": 16, "formats": 56, "infos": 12,
}  # fmt: skip
LISTS = {"ids", "u32s", "ranges", "formats", "infos"}

_OBJECT = [
    Row("bcls", "g", "code", "M"),
    Row("clas", "g", "code", "M"),
    Row("stdv", "g", "u32", "M"),
    Row("cust", "g", "infos", "o"),
]
_OWNED = Row("ownd", "g", "ids", "M")
_INFORMATION = [
    Row("lmod", "g", "text", "o"),
    Row("snum", "g", "text", "o"),
    Row("fwvn", "g", "text", "o"),
    Row("iden", "g", "flag", "o", True),
]

PLUGIN = [
    *_OBJECT,
    _OWNED,
    Row("lmak", "g", "text", "M"),
    Row("lnam", "g", "text", "o"),
    Row("piid", "g", "text", "s"),
    Row("dev#", "g", "ids", "M"),
    Row("uidd", "g", "u32", "M"),
    Row("box#", "g", "ids", "s"),
    Row("uidb", "g", "u32", "s"),
    Row("clk#", "g", "ids", "o"),
    Row("uidc", "g", "u32", "o"),
    Row("rsrc", "g", "text", "M"),
]

BOX = [
    *_OBJECT,
    _OWNED,
    Row("buid", "g", "text", "M"),
    Row("tran", "g", "code", "M"),
    Row("bhau", "g", "flag", "M"),
    Row("bhvi", "g", "flag", "M"),
    Row("bhmi", "g", "flag", "M"),
    Row("bpro", "g", "flag", "M"),
    Row("bxon", "g", "flag", "M", True),
    Row("bxof", "g", "u32", "s"),
    Row("bdv#", "g", "ids", "M"),
    Row("bcl#", "g", "ids", "o"),
    Row("lnam", "g", "text", "s", True),
    Row("lmak", "g", "text", "s"),
    Row("lmod", "g", "text", "s"),
    Row("snum", "g", "text", "s"),
    Row("fwvn", "g", "text", "s"),
    Row("iden", "g", "flag", "s", True),
]

DEVICE = [
    *_OBJECT,
    Row("ownd", "gio", "ids", "M"),
    Row("lnam", "g", "text", "M", None),
    Row("lmak", "g", "text", "M"),
    Row("uid ", "g", "text", "M"),
    Row("muid", "g", "text", "M"),
    Row("tran", "g", "code", "M"),
    Row("akin", "g", "ids", "M"),
    Row("clkd", "g", "u32", "M"),
    Row("livn", "g", "flag", "M"),
    Row("goin", "g", "flag", "M"),
    Row("dflt", "io", "flag", "M"),
    Row("sflt", "io", "flag", "M"),
    Row("ltnc", "io", "u32", "M"),
    Row("saft", "io", "u32", "M"),
    Row("stm#", "gio", "ids", "M"),
    Row("ctrl", "g", "ids", "M"),
    Row("nsrt", "g", "f64", "M", True),
    Row("nsr#", "g", "ranges", "M"),
    Row("hidn", "g", "flag", "M"),
    Row("dch2", "io", "pair", "M", None),
    Row("srnd", "io", "layout", "s", None),
    Row("ring", "g", "u32", "M"),
    Row("clok", "g", "code", "o"),
    Row("cstb", "g", "flag", "o"),
    Row("icon", "g", "url", "o"),
    Row("capp", "g", "text", "o"),
    Row("resc", "g", "flag", "o", None),
    Row("resf", "g", "flag", "o", None),
    *_INFORMATION,
]

STREAM = [
    *_OBJECT,
    _OWNED,
    Row("sact", "g", "flag", "M", True),
    Row("sdir", "g", "u32", "M"),
    Row("term", "g", "code", "M"),
    Row("schn", "g", "u32", "M"),
    Row("ltnc", "g", "u32", "M"),
    Row("sfmt", "g", "format", "M", True),
    Row("pft ", "g", "format", "M", True),
    Row("sfma", "g", "formats", "M"),
    Row("pfta", "g", "formats", "M"),
    Row("lnam", "g", "text", "s", None),
]

CLOCK = [
    *_OBJECT,
    _OWNED,
    Row("lnam", "g", "text", "s", None),
    Row("lmak", "g", "text", "o"),
    Row("cuid", "g", "text", "M"),
    Row("tran", "g", "code", "M"),
    Row("clkd", "g", "u32", "M"),
    Row("livn", "g", "flag", "M"),
    Row("goin", "g", "flag", "M"),
    Row("ltnc", "g", "u32", "M"),
    Row("ctrl", "g", "ids", "M"),
    Row("nsrt", "g", "f64", "M", True),
    Row("nsr#", "g", "ranges", "M"),
]

CONTROL = [
    *_OBJECT,
    _OWNED,
    Row("cscp", "g", "code", "M"),
    Row("celm", "g", "u32", "M"),
    Row("lnam", "g", "text", "s", None),
]

#: What each kind of control has on top; jack and clip light are written by the device.
CONTROLS = {
    "level": [
        Row("lcsv", "g", "f32", "M", True),
        Row("lcdv", "g", "f32", "M", True),
        Row("lcdr", "g", "range", "M"),
        Row("lcsd", "g", "f32", "M"),
        Row("lcds", "g", "f32", "M"),
    ],
    "boolean": [Row("bcvl", "g", "flag", "M", True)],
    "indicator": [Row("bcvl", "g", "flag", "M", None)],
    "selector": [
        Row("scci", "g", "u32s", "M", True),
        Row("scai", "g", "u32s", "M"),
        Row("scin", "g", "text", "M"),
        Row("clkk", "g", "u32", "o"),
    ],
    "slider": [Row("sdrv", "g", "u32", "M", True), Row("sdrr", "g", "pair", "M")],
    "pan": [Row("spcv", "g", "f32", "M", True), Row("spcc", "g", "pair", "M")],
}

#: Class of a control -> kind. The first four are the base classes.
KINDS = {
    "levl": "level", "togl": "boolean", "slct": "selector", "sldr": "slider", "span": "pan",
    "vlme": "level", "subv": "level",
    "mute": "boolean", "solo": "boolean", "subm": "boolean", "phan": "boolean", "phsi": "boolean", "talb": "boolean",
    "lsnb": "boolean", "jack": "indicator", "clip": "indicator",
    "dsrc": "selector", "dest": "selector", "clck": "selector", "nlvl": "selector", "hipf": "selector",
}  # fmt: skip

#: Class -> nearest standard base class (B0).
BASES = {
    "aplg": "aobj", "adev": "aobj", "astr": "aobj", "abox": "aobj", "aclk": "aobj", "trpm": "aplg",
    "actl": "aobj", "levl": "actl", "togl": "actl", "slct": "actl", "sldr": "actl", "span": "actl",
    **dict.fromkeys(("vlme", "subv"), "levl"),
    **dict.fromkeys(("mute", "solo", "jack", "subm", "phan", "phsi", "clip", "talb", "lsnb"), "togl"),
    **dict.fromkeys(("dsrc", "dest", "clck", "nlvl", "hipf"), "slct"),
}  # fmt: skip

_ROWS = {"plug-in": PLUGIN, "box": BOX, "device": DEVICE, "clock device": CLOCK, "stream": STREAM}

#: Selectors whose value depends on a qualifier: (bytes of the qualifier).
QUALIFIED = {"uidd": 8, "uidb": 8, "uidc": 8, "scin": 4, "clkk": 4}
#: In-out values: what is converted is read from the buffer.
CONVERSIONS = ("lcsd", "lcds")
#: Properties that the HAL makes for every device itself (B3).
HOST_MADE = ("fsiz", "fsz#", "asrt", "gone", "oink", "oswg")


#: Every selector of part B; others are a driver's own.
STANDARD = {row.selector for rows in (*_ROWS.values(), CONTROL, *CONTROLS.values()) for row in rows}
STANDARD |= {"lchn", "lccn", "lcnn", "end#", "uide", *HOST_MADE}


def rows_of(thing):
    """The rows of a Thing of the world, with the M of boxes and clock devices where there are some."""
    if thing.kind == "control":
        return CONTROL + CONTROLS.get(thing.variety, [])
    rows = _ROWS[thing.kind]
    if thing.kind != "plug-in":
        return rows
    lists = {"box#": thing.boxes, "uidb": thing.boxes, "clk#": thing.clocks, "uidc": thing.clocks}
    return [row._replace(level="M") if lists.get(row.selector) else row for row in rows]


def places(thing):
    """(row, scope) for every row of a Thing and scope that the row is for."""
    for row in rows_of(thing):
        for letter in row.scopes:
            if letter == "g" or letter in thing.directions:
                yield row, _SCOPES[letter]
