"""Rules about which properties exist and what they say (hal-protocol part B)."""

from tympan.testing._properties import StreamFormat
from tympan.testing._rules import Failure, Skip, Warn, require, rule
from tympan.testing._status import code, name

# (selector, scopes, type, level, settable); levels as in part B: M must, s should.
# Scopes: g global, i/o the directions that the device has streams in.
_Row = tuple[str, str, str, str, bool | None]
_OBJECT: list[_Row] = [
    ("bcls", "g", "u32", "M", False),
    ("clas", "g", "u32", "M", False),
    ("stdv", "g", "u32", "M", False),
]
_PLUGIN = [
    *_OBJECT,
    ("ownd", "g", "u32s", "M", False),
    ("lmak", "g", "text", "M", False),
    ("piid", "g", "text", "s", False),
    ("dev#", "g", "u32s", "M", False),
    ("uidd", "g", "u32", "M", False),
    ("box#", "g", "u32s", "s", False),
    ("uidb", "g", "u32", "s", False),
    ("rsrc", "g", "text", "M", False),
]
_DEVICE = [
    *_OBJECT,
    ("ownd", "gio", "u32s", "M", False),
    ("lnam", "g", "text", "M", None),
    ("lmak", "g", "text", "M", False),
    ("uid ", "g", "text", "M", False),
    ("muid", "g", "text", "M", False),
    ("tran", "g", "u32", "M", False),
    ("akin", "g", "u32s", "M", False),
    ("clkd", "g", "u32", "M", False),
    ("livn", "g", "u32", "M", False),
    ("goin", "g", "u32", "M", False),
    ("dflt", "io", "u32", "M", False),
    ("sflt", "io", "u32", "M", False),
    ("ltnc", "io", "u32", "M", False),
    ("saft", "io", "u32", "M", False),
    ("stm#", "gio", "u32s", "M", False),
    ("ctrl", "g", "u32s", "M", False),
    ("nsrt", "g", "f64", "M", True),
    ("nsr#", "g", "ranges", "M", False),
    ("hidn", "g", "u32", "M", False),
    ("dch2", "io", "pair", "M", False),
    ("srnd", "io", "layout", "s", False),
    ("ring", "g", "u32", "M", False),
]
_STREAM = [
    *_OBJECT,
    ("sact", "g", "u32", "M", True),
    ("sdir", "g", "u32", "M", False),
    ("term", "g", "u32", "M", False),
    ("schn", "g", "u32", "M", False),
    ("ltnc", "g", "u32", "M", False),
    ("sfmt", "g", "format", "M", True),
    ("pft ", "g", "format", "M", True),
    ("sfma", "g", "formats", "M", False),
    ("pfta", "g", "formats", "M", False),
    ("lnam", "g", "text", "s", None),
]
_SIZES = {"u32": 4, "f64": 8, "text": 8, "pair": 8, "format": 40}
_UNITS = {"u32s": 4, "ranges": 16, "formats": 56}
_SCOPES = {"g": "glob", "i": "inpt", "o": "outp"}
_HOST_MADE = ("fsiz", "fsz#", "asrt", "gone", "oink", "oswg")


def rows_of(plugin, thing):
    """(selector, scope, type, level, settable) of every row that applies to the plug-in, a device or a stream."""
    if thing is plugin:
        rows, directions = _PLUGIN, ""
    elif hasattr(thing, "streams"):
        rows = _DEVICE
        directions = "".join(letter for letter in "io" if plugin.get_ids(thing, "stm#", _SCOPES[letter]))
    else:
        rows, directions = _STREAM, ""
    for selector, scopes, kind, level, settable in rows:
        for letter in scopes:
            if letter == "g" or letter in directions:
                yield selector, _SCOPES[letter], kind, level, settable


def _check_rows(plugin, thing):
    missing: dict[str, list[str]] = {"M": [], "s": []}
    for selector, scope, kind, level, settable in rows_of(plugin, thing):
        if plugin.has(thing, selector, scope):
            _check_row(plugin, thing, selector, scope, kind, settable)
        else:
            missing[level].append(f"'{selector}' ({scope})")
    require(not missing["M"], f"object {thing.id} lacks {', '.join(missing['M'])}")
    if missing["s"]:
        raise Warn(f"object {thing.id} lacks {', '.join(missing['s'])}")


def _check_row(plugin, thing, selector, scope, kind, settable):
    where = f"'{selector}' ({scope}) of object {thing.id}"
    size = plugin.size(thing, selector, scope)
    fits = size == _SIZES[kind] if kind in _SIZES else size % _UNITS[kind] == 0 if kind in _UNITS else size >= 12
    require(fits, f"{where} has {size} bytes, wrong for its type")
    if kind == "text":
        plugin.get_string(thing, selector, scope)
    elif selector not in ("uidd", "uidb"):
        require(len(plugin.get(thing, selector, scope)) == size, f"{where} has another size than it says")
    if settable is not None:
        answer = plugin.is_settable(thing, selector, scope)
        require(answer == settable, f"{where} is {'' if answer else 'not '}settable")


@rule("plugin-properties", "The plug-in has every property that it must have, with the right size.")
def plugin_properties(subject):
    _check_rows(subject.plugin, subject.plugin)


@rule("device-properties", "Every device has the properties that it must have, in the scopes it has streams in.")
def device_properties(subject):
    for device in _devices(subject):
        _check_rows(subject.plugin, device)


@rule("stream-properties", "Every stream has the properties that it must have.")
def stream_properties(subject):
    for device in _devices(subject):
        for stream in device.streams():
            _check_rows(subject.plugin, stream)


def _devices(subject):
    devices = subject.plugin.devices
    if not devices:
        raise Skip("the plug-in has no device")
    return devices


@rule("host-made-properties", "Properties that the host makes itself (buffer size, actual rate, ...) are left to it.")
def host_made_properties(subject):
    for device in _devices(subject):
        there = [selector for selector in _HOST_MADE if subject.plugin.has(device, selector)]
        require(not there, f"device {device.id} has {', '.join(there)}")


@rule("object-graph", "Every object in a list lives, once, names its owner, and its class is right.")
def object_graph(subject):
    plugin = subject.plugin
    _check_list(plugin, plugin, "dev#", "adev")
    for device in _devices(subject):
        _check_list(plugin, device, "stm#", "astr")
        owned = plugin.get_ids(device, "ownd")
        parts = plugin.get_ids(device, "stm#") + plugin.get_ids(device, "ctrl")
        require(
            sorted(owned) == sorted(parts), f"device {device.id} owns {owned}, but its streams and controls are {parts}"
        )


def _check_list(plugin, owner, selector, wanted):
    ids = plugin.get_ids(owner, selector)
    require(len(set(ids)) == len(ids) and 0 not in ids, f"'{selector}' of object {owner.id} is {ids}")
    for number in ids:
        kind, base = plugin.get_uint32(number, "clas"), plugin.get_uint32(number, "bcls")
        require(code(wanted) in (kind, base), f"object {number} of '{selector}' has the class '{name(kind)}'")
        parent = plugin.get_uint32(number, "stdv")
        require(parent == owner.id, f"object {number} of '{selector}' names {parent} as its owner, not {owner.id}")


@rule("stream-scopes", "stm# answers the streams of the scope it is asked for, and sdir agrees.")
def stream_scopes(subject):
    plugin = subject.plugin
    for device in _devices(subject):
        inputs, outputs = plugin.get_ids(device, "stm#", "inpt"), plugin.get_ids(device, "stm#", "outp")
        both = plugin.get_ids(device, "stm#")
        require(sorted(inputs + outputs) == sorted(both), f"input {inputs} and output {outputs} are not all of {both}")
        for number in both:
            direction = plugin.get_uint32(number, "sdir")
            require(direction == int(number in inputs), f"stream {number} says direction {direction}")


@rule("device-uid", "A device's UID is not empty, differs from its model UID, and translates back to the device.")
def device_uid(subject):
    plugin = subject.plugin
    for device in _devices(subject):
        uid, model = device.uid, plugin.get_string(device, "muid")
        require(uid and model and uid != model, f"device {device.id} has the UID {uid!r} and the model UID {model!r}")
        with plugin.with_string(uid) as qualifier:
            found = plugin.get_uint32(plugin, "uidd", qualifier=qualifier)
        require(found == device.id, f"'uidd' translates {uid!r} to {found}, not {device.id}")


@rule("unknown-uid", "Translating an unknown UID succeeds with object 0.")
def unknown_uid(subject):
    with subject.plugin.with_string("org.example.no-such-device") as qualifier:
        found = subject.plugin.get_uint32(subject.plugin, "uidd", qualifier=qualifier)
    require(found == 0, f"'uidd' translates an unknown UID to {found}")


@rule("time-stamp-period", "The period of zero time stamps is at least 10,923 frames.")
def time_stamp_period(subject):
    for device in _devices(subject):
        require(device.period >= 10923, f"'ring' of device {device.id} is {device.period}")


@rule("sample-rates", "The nominal sample rate is one of the available rates.")
def sample_rates(subject):
    for device in _devices(subject):
        rate, ranges = device.sample_rate, device.sample_rates
        require(any(low <= rate <= high for low, high in ranges), f"{rate:g} Hz is not in {ranges}")


@rule("stream-formats", "Virtual and physical format agree, have the device's rate, and are available.")
def stream_formats(subject):
    for device in _devices(subject):
        for stream in device.streams():
            _check_format(subject.plugin, device, stream)


def _check_format(plugin, device, stream):
    virtual, physical = plugin.get_format(stream, "sfmt"), plugin.get_format(stream, "pft ")
    require(virtual == physical, f"stream {stream.id}: virtual {virtual} is not physical {physical}")
    require(physical.kind is not None, f"stream {stream.id} has the format {tuple(physical)}, which no client can play")
    require(
        physical.sample_rate == device.sample_rate,
        f"stream {stream.id} has {physical}, the device {device.sample_rate:g} Hz",
    )
    for selector in ("sfma", "pfta"):
        if not any(_offers(offer, physical) for offer in plugin.get_formats(stream, selector)):
            raise Failure(f"'{selector}' of stream {stream.id} does not offer {physical}")


def _offers(offer, wanted):
    fmt, low, high = offer
    same = StreamFormat(wanted.sample_rate, *fmt[1:]) == wanted
    return same and (low <= wanted.sample_rate <= high or fmt.sample_rate == wanted.sample_rate)
