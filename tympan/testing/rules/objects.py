"""Rules about the object graph: lists, owners, classes, UIDs (hal-protocol B0, C7.9)."""

import struct

from tympan._errors import HostError
from tympan.testing._status import code, name
from tympan.testing.rules._rule import Group, advise, need, require
from tympan.testing.rules._table import BASES, GLOBAL, INPUT, OUTPUT

rule = Group("objects", "Object graph", "C7.9")

_STRANGER = 987_654
_INVISIBLE = "The device is invisible, or appears without some of its streams or controls."


def _lists(session):
    """(Thing, selector, scope) of every list of objects."""
    yield session.world.plugin, "ownd", GLOBAL
    for selector in ("dev#", "box#", "clk#"):
        yield session.world.plugin, selector, GLOBAL
    for box in session.world.plugin.boxes:
        yield box, "bdv#", GLOBAL
    for device in session.world.devices:
        yield from ((device, selector, scope) for selector in ("stm#", "ownd") for scope in (GLOBAL, INPUT, OUTPUT))
        yield device, "akin", GLOBAL
    for owner in session.world.devices + session.world.plugin.clocks:
        yield owner, "ctrl", GLOBAL


def _asked(session):
    """(Thing, selector, scope, ids as answered) of every list that is there and readable."""
    for thing, selector, scope in _lists(session):
        try:
            if session.plugin.has(thing, selector, scope):
                yield thing, selector, scope, session.plugin.get_ids(thing, selector, scope)
        except HostError:
            continue  # other rules' matter


@rule(
    "plugin-object",
    "Object 1 is the plug-in: class 'aplg' (or 'trpm'), owned by nobody.",
    "The driver is loaded and has no devices.",
    reference="B1",
)
def plugin_object(s):
    with s.open() as session:
        found = session.world.plugin.cls
        require(found in ("aplg", "trpm"), f"object 1 has the class {found!r}")


@rule(
    "lists-without-duplicates",
    "No list of objects holds an object twice, or object 0.",
    "The device appears twice, or the sound system crashes when it is opened.",
    "BlackHole #665, #692",
)
def lists_without_duplicates(s):
    with s.open() as session:
        for thing, selector, scope, ids in _asked(session):
            where = f"'{selector}' ({scope}) of {thing}"
            require(0 not in ids, f"{where} holds object 0: {ids}")
            require(len(set(ids)) == len(ids), f"{where} holds an object twice: {ids}")


@rule(
    "listed-objects-alive",
    "Every object of a list answers 'clas', 'bcls' and 'stdv'.",
    "Messages of failed calls in the log, and a device that comes and goes.",
    "BlackHole #623",
)
def listed_objects_alive(s):
    with s.open() as session:
        numbers = {number for *_, ids in _asked(session) for number in ids if number}
        for number in sorted(numbers | {1}):
            dead = [key for key in ("clas", "bcls", "stdv") if session.table.get(number, code(key), code(GLOBAL), 0,
                                                                               capacity=4)[0]]  # fmt: skip
            require(not dead, f"object {number} is listed and does not answer {', '.join(dead)}")


@rule(
    "list-class",
    "The lists dev#, stm#, ctrl, box# and clk# hold devices, streams, controls, boxes and clock devices only.",
    _INVISIBLE,
    reference="B0",
)
def list_class(s):
    wanted = {"device": "adev", "stream": "astr", "box": "abox", "clock device": "aclk"}
    with s.open() as session:
        for thing in session.world.things[1:]:
            fine = not thing.cls or _is_a(thing, wanted.get(thing.kind, "actl"))
            require(fine, f"{thing} is listed as such, and has the class {thing.cls!r}")


@rule(
    "base-class",
    "'bcls' is the nearest standard class above 'clas' (vlme: levl, mute: togl, dsrc: slct; device, stream: aobj).",
    "A control is shown as one of another kind, or not at all.",
    reference="B0",
)
def base_class(s):
    with s.open() as session:
        for thing in session.world.things:
            if thing.cls in BASES:
                wanted = BASES[thing.cls]
                require(thing.base in (wanted, ""), f"{thing} ('{thing.cls}') has the base class {thing.base!r}, "
                                                    f"not {wanted!r}")  # fmt: skip
            elif thing.cls:
                require(thing.base in BASES or thing.base == "aobj", f"{thing} has the base class {thing.base!r}")


@rule(
    "owner-agrees",
    "Every object names as its owner the object that lists it; the plug-in names 0.",
    "A device without sound, or a control that moves another device's volume.",
    "BlackHole's mirror device",
)
def owner_agrees(s):
    with s.open() as session:
        for thing in session.world.things:
            status, size, data, _ = session.table.get(thing.id, code("stdv"), code(GLOBAL), 0, capacity=4)
            if status or size != 4:
                continue
            owner, wanted = struct.unpack("<I", data)[0], thing.parent.id if thing.parent else 0
            require(owner == wanted, f"{thing} names object {owner} as its owner, and object {wanted} lists it")


@rule(
    "one-owner",
    "No object is listed by two others.",
    "Moving one device's volume moves another's, or one of two devices has no sound.",
    "BlackHole's mirror device",
)
def one_owner(s):
    with s.open() as session:
        seen = {}
        for thing in session.world.things:
            other = seen.setdefault(thing.id, thing)
            require(other is thing or other.parent is thing.parent, f"object {thing.id} is a {other.kind} of "
                    f"{other.parent} and a {thing.kind} of {thing.parent}")  # fmt: skip


def _parts(thing):
    if thing.kind == "plug-in":
        return thing.devices + thing.boxes + thing.clocks
    if thing.kind == "device":
        return thing.streams + thing.controls
    return thing.controls if thing.kind == "clock device" else []


@rule(
    "owned-objects-complete",
    "'ownd' holds exactly what the object lists: devices, boxes and clock devices; streams and controls; or nothing.",
    _INVISIBLE,
    "BGM's output controls",
)
def owned_objects_complete(s):
    with s.open() as session:
        for thing in session.world.things:
            if not session.plugin.has(thing, "ownd"):
                continue
            owned, parts = session.world.ids(thing, "ownd"), sorted({part.id for part in _parts(thing)})
            require(sorted(owned) == parts, f"'ownd' of {thing} is {sorted(owned)}, and it lists {parts}")


@rule(
    "owned-objects-scopes",
    "'ownd' of a device in input or output scope holds the streams of that direction and none of the other, "
    "and nothing that it does not hold in global scope.",
    _INVISIBLE,
    "BGM's output controls",
    reference="B3",
)
def owned_objects_scopes(s):
    with s.open() as session:
        for device in session.things("device"):
            everything = set(session.world.ids(device, "ownd"))
            for scope, own, other in ((INPUT, device.inputs, device.outputs), (OUTPUT, device.outputs, device.inputs)):
                if not own:
                    continue
                owned, where = set(session.world.ids(device, "ownd", scope)), f"'ownd' ({scope}) of {device}"
                mine, others = {item.id for item in own}, {item.id for item in other}
                if mine & others:
                    continue  # stream-scopes says so
                require(mine <= owned and not owned & others, f"{where} is {sorted(owned)}, its streams {sorted(mine)}")
                require(owned <= everything, f"{where} is {sorted(owned)}, in global scope {sorted(everything)}")


@rule(
    "owned-objects-filter",
    "'ownd' with class codes as qualifier holds the objects of these classes and their subclasses.",
    "An application that looks for a volume control finds none, or takes a stream for one.",
    reference="B0",
)
def owned_objects_filter(s):
    with s.open() as session:
        for thing in session.world.things:
            for wanted in ("adev", "astr", "actl", "aobj", "levl"):
                if not session.plugin.has(thing, "ownd"):
                    continue
                found = session.plugin.get_ids(thing, "ownd", qualifier=struct.pack("<I", code(wanted)))
                parts = sorted({part.id for part in _parts(thing) if _is_a(part, wanted)})
                require(sorted(found) == parts, f"'ownd' of {thing} for the class '{wanted}' is {found}, not {parts}")


def _is_a(thing, wanted):
    cls = thing.cls if thing.cls in BASES else thing.base
    family = {thing.cls, thing.base}
    while cls in BASES:
        family.add(cls)
        cls = BASES[cls]
    return wanted in family | {"aobj"}


@rule(
    "stream-scopes",
    "'stm#' answers the streams of the scope that it is asked for; input and output together are the global list.",
    "The device is invisible.",
    "AppFaders, lesson 2",
    reference="B3",
)
def stream_scopes(s):
    with s.open() as session:
        for device in session.things("device"):
            inputs, outputs = ([item.id for item in part] for part in (device.inputs, device.outputs))
            both = session.world.ids(device, "stm#")
            wanted = f"input {inputs} and output {outputs} are not all of {both}"
            require(not set(inputs) & set(outputs), f"stream {sorted(set(inputs) & set(outputs))} is in both scopes")
            require(sorted(inputs + outputs) == sorted(both), f"'stm#' of {device}: {wanted}")


@rule(
    "unknown-object",
    "Property calls on an object that does not exist answer '!obj', and HasProperty no.",
    "Stale objects of an earlier configuration seem to live on: wrong values, crashes.",
    reference="C7.1",
)
def unknown_object(s):
    with s.open() as session:
        for number in (0, _STRANGER, 0xFFFFFFFF):
            key = (number, code("clas"), code(GLOBAL), 0)
            require(not session.table.has(*key), f"HasProperty is true for object {number}")
            table = session.table
            answers = {table.settable(*key)[0], table.size(*key)[0], table.get(*key, capacity=4)[0],
                       table.set(*key, bytes(4))}  # fmt: skip
            require(0 not in answers, f"a call on object {number} succeeded")
            advise(answers == {code("!obj")}, f"object {number} answers {sorted(map(name, answers))}")


@rule(
    "object-ids-stable",
    "Objects keep their numbers: the same after IO and after a configuration change, none becomes another.",
    "An application's volume slider moves something else after a change of the sample rate.",
)
def object_ids_stable(s):
    with s.open() as session:
        before = {thing.id: (thing.kind, thing.cls) for thing in session.world.things}
        for device in session.devices():
            with session.client(device):
                pass
        after = {thing.id: (thing.kind, thing.cls) for thing in session.look().things}
        changed = sorted(number for number in before if after.get(number) != before[number])
        require(not changed, f"objects {changed} are gone or have become something else after IO")


# --- UIDs -------------------------------------------------------------------------

_UIDS = {"device": ("uid ", "uidd"), "box": ("buid", "uidb"), "clock device": ("cuid", "uidc")}


def _translates(s, kind):
    own, translate = _UIDS[kind]
    with s.open() as session:
        for thing in session.things(kind):
            if not session.plugin.has(thing, own):
                continue
            uid = session.plugin.get_string(thing, own)
            found = _translated(session, translate, uid)
            require(found == thing.id, f"'{translate}' translates {uid!r} to object {found}, not {thing.id}")


def _translated(session, selector, text):
    with session.plugin.with_string(text) as qualifier:
        status, size, data, _ = session.table.get(1, code(selector), code(GLOBAL), 0, qualifier, 4)
    require(status == 0 and size == 4, f"'{selector}' for {text!r} answered '{name(status)}'")
    return struct.unpack("<I", data)[0]


@rule(
    "device-uid-translates",
    "'uidd' translates the UID of every device to its object.",
    "Applications forget the device: it is not found again by its UID.",
    reference="B1",
)
def device_uid_translates(s):
    _translates(s, "device")


@rule(
    "box-uid-translates",
    "'uidb' translates the UID of every box to its object.",
    "Audio MIDI Setup cannot find the box again.",
    reference="B1",
)
def box_uid_translates(s):
    _translates(s, "box")


@rule(
    "clock-uid-translates",
    "'uidc' translates the UID of every clock device to its object.",
    "An aggregate device loses its clock source.",
    reference="B1",
)
def clock_uid_translates(s):
    _translates(s, "clock device")


@rule(
    "unknown-uid",
    "'uidd', 'uidb' and 'uidc' translate a UID that is not the driver's to object 0, and succeed.",
    "Another driver's device is taken for this one's.",
    "NullAudio family",
    reference="B1",
)
def unknown_uid(s):
    with s.open() as session:
        for selector in ("uidd", "uidb", "uidc"):
            if session.plugin.has(1, selector):
                found = _translated(session, selector, "org.example.no-such-device")
                require(found == 0, f"'{selector}' translates an unknown UID to object {found}")


@rule(
    "uids-differ",
    "No two devices, boxes or clock devices of the plug-in have the same UID.",
    "Only one of the devices appears, or audio goes to the wrong one.",
    "BlackHole #68, #214",
    reference="B3",
)
def uids_differ(s):
    with s.open() as session:
        for kind, (own, _) in _UIDS.items():
            seen = {}
            for thing in session.world.things:
                if thing.kind == kind and session.plugin.has(thing, own):
                    other = seen.setdefault(session.plugin.get_string(thing, own), thing)
                    require(other is thing, f"{other} and {thing} have the same UID")


@rule(
    "related-devices",
    "'akin' of a device holds the device itself, and only devices of the plug-in.",
    "Two halves of one device are not recognised as such.",
    reference="B3",
)
def related_devices(s):
    with s.open() as session:
        known = {device.id for device in session.world.devices}
        for device in session.things("device"):
            if session.plugin.has(device, "akin"):
                related = session.world.ids(device, "akin")
                require(device.id in related, f"'akin' of {device} is {related}")
                require(set(related) <= known, f"'akin' of {device} is {related}, the devices are {sorted(known)}")


@rule(
    "starting-channels",
    "'schn' of a direction's streams counts up from 1 by the channels of the streams before.",
    "Channels are swapped, or two streams play into one.",
    reference="B4",
)
def starting_channels(s):
    with s.open() as session:
        for device in session.devices():
            for scope in (INPUT, OUTPUT):
                wanted = 1
                for stream in device.streams(scope):
                    require(stream.first_channel == wanted, f"'schn' of stream {stream.id} is {stream.first_channel}, "
                            f"where channel {wanted} is next")  # fmt: skip
                    wanted += need(stream.format.channels, "a stream without channels")
