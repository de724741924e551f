"""Rules about controls (hal-protocol B5)."""

import struct

from tympan.testing._status import code, name
from tympan.testing.rules import _rows
from tympan.testing.rules._controls import SCALAR, Kept, must_notify, set_float, set_number
from tympan.testing.rules._rule import Group, advise, require
from tympan.testing.rules._table import GLOBAL, INPUT, OUTPUT

rule = Group("control", "Controls", "B5")


@rule(
    "control-required-properties",
    "Every control has its M properties: bcls clas stdv ownd cscp celm, and those of its class "
    "(levl: lcsv lcdv lcdr lcsd lcds; togl: bcvl; slct: scci scai scin; sldr: sdrv sdrr; span: spcv spcc).",
    "The control does not appear, or does nothing.",
)
def control_required_properties(s):
    _rows.required(s, "control")


@rule(
    "control-recommended-properties",
    "Every control has a name, 'lnam'.",
    "Controls have no names in applications that list them.",
)
def control_recommended_properties(s):
    _rows.recommended(s, "control")


@rule(
    "control-settable",
    "The values of a control are settable, and what describes it is not.",
    "A volume slider is grey, or moves without effect.",
)
def control_settable(s):
    _rows.settable(s, "control")


@rule(
    "control-value-sizes",
    "Every property of a control has the size of its type, and writes as many bytes as it said.",
    "Values are cut or read beyond their end.",
    "BlackHole #665",
)
def control_value_sizes(s):
    _rows.sizes(s, "control")


@rule(
    "control-global-only",
    "A control's properties are there in global scope, element 0, and nowhere else: 'cscp' and 'celm' say "
    "what it applies to.",
    "The volume slider does not follow what another application sets.",
    "libASPL's control notifications",
)
def control_global_only(s):
    _rows.global_only(s, "control")


@rule(
    "control-place",
    "'cscp' is a scope (glob, inpt, outp or ptru) and 'celm' 0 or one of the device's channels.",
    "The volume slider belongs to no direction and is not shown.",
)
def control_place(s):
    with s.open() as session:
        for control in session.things("control"):
            if not session.plugin.has(control, "cscp") or not session.plugin.has(control, "celm"):
                continue
            scope, element = session.plugin.get_code(control, "cscp"), session.plugin.get_uint32(control, "celm")
            require(scope in (GLOBAL, INPUT, OUTPUT, "ptru"), f"'cscp' of {control} is {scope!r}")
            device = next((item for item in session.plugin.devices if item.id == control.parent.id), None)
            most = max(device.channels(INPUT), device.channels(OUTPUT)) if device else 0
            require(element <= most, f"'celm' of {control} is {element}, and the device has {most} channels")


@rule(
    "control-once",
    "No device has two controls of the same class for the same scope and element.",
    "One of two sliders does nothing.",
)
def control_once(s):
    with s.open() as session:
        seen = {}
        for control in session.things("control"):
            if not session.plugin.has(control, "cscp") or not session.plugin.has(control, "celm"):
                continue
            place = (control.parent.id, control.cls, *(_rows.read(session, control, key) for key in ("cscp", "celm")))
            other = seen.setdefault(place, control)
            require(other is control, f"{other} and {control} are both '{control.cls}' for the same scope and element")


# --- booleans ---------------------------------------------------------------------


@rule(
    "boolean-set",
    "'bcvl' is 0 or 1 and takes what it is set to; any other number counts as 1.",
    "The mute button is stuck.",
    "BlackHole #883, #889",
)
def boolean_set(s):
    with s.open() as session:
        for control in session.controls("boolean"):
            with Kept(session, control, "bcvl"):
                for value in (0, 1, 0, 7):
                    status, wanted = set_number(session, control, "bcvl", value), min(value, 1)
                    found = _rows.read(session, control, "bcvl")
                    require(status == 0 or value > 1, f"'bcvl' of {control} refused {value} with '{name(status)}'")
                    require(found == wanted or status, f"'bcvl' of {control} was set to {value} and is {found}")


@rule(
    "boolean-notifies",
    "A change of 'bcvl' is notified; setting the same value is not.",
    "The mute button of one application does not follow another's.",
    "NullAudio compares first",
)
def boolean_notifies(s):
    with s.open() as session:
        for control in session.controls("boolean"):
            with Kept(session, control, "bcvl"):
                value = 1 - _rows.read(session, control, "bcvl")
                must_notify(session, control, "bcvl", set_number, value, "bcvl")


# --- selectors --------------------------------------------------------------------


def _items(session, control):
    return session.plugin.get_ids(control, "scai")


@rule(
    "selector-items",
    "'scai' holds one item at least and none twice; 'scci' holds items of 'scai'.",
    "The list of sources is empty, or the chosen one is not in it.",
)
def selector_items(s):
    with s.open() as session:
        for control in session.controls("selector"):
            items, current = _items(session, control), session.plugin.get_ids(control, "scci")
            require(items and len(set(items)) == len(items), f"'scai' of {control} is {items}")
            require(current and set(current) <= set(items), f"'scci' of {control} is {current}, of the items {items}")


@rule(
    "selector-item-names",
    "'scin' with an item as qualifier (4 bytes) is its name, not empty; for what is no item it fails.",
    "The sources have no names.",
)
def selector_item_names(s):
    with s.open() as session:
        for control in session.controls("selector"):
            items = _items(session, control)
            for item in items:
                text = session.plugin.get_string(control, "scin", qualifier=struct.pack("<I", item))
                require(text.strip(), f"item {item} of {control} has an empty name")
            stranger = max(items) + 1000
            status, size, data, _ = session.table.get(control.id, code("scin"), code(GLOBAL), 0,
                                                      struct.pack("<I", stranger), 8)  # fmt: skip
            if status == 0:
                session.plugin._release_reference(data, size)
            require(status != 0, f"'scin' of {control} has a name for {stranger}, which is no item")


@rule(
    "selector-set",
    "'scci' takes every item of 'scai' that can be selected.",
    "Choosing another source has no effect.",
)
def selector_set(s):
    with s.open() as session:
        for control in session.controls("selector"):
            with Kept(session, control, "scci"):
                for item in _items(session, control):
                    if _kind(session, control, item) == "spcr":
                        continue
                    status = set_number(session, control, "scci", item)
                    found = session.plugin.get_ids(control, "scci")
                    require(status == 0, f"'scci' of {control} refused the item {item} with '{name(status)}'")
                    require(found == [item], f"'scci' of {control} was set to {item} and is {found}")


def _kind(session, control, item):
    if not session.plugin.has(control, "clkk"):
        return ""
    return name(session.plugin.get_uint32(control, "clkk", qualifier=struct.pack("<I", item)))


@rule(
    "selector-refuses-strangers",
    "Setting 'scci' to what is no item is refused ('nope') and changes nothing.",
    "The source becomes one that is not there: silence.",
    "NullAudio",
)
def selector_refuses_strangers(s):
    with s.open() as session:
        for control in session.controls("selector"):
            with Kept(session, control, "scci") as before:
                status = set_number(session, control, "scci", max(_items(session, control)) + 1000)
                require(status != 0, f"'scci' of {control} took what is no item")
                require(session.plugin.get(control, "scci") == before, f"'scci' of {control} changed all the same")
                advise(status == code("nope"), f"'scci' refused what is no item with '{name(status)}'")


@rule(
    "selector-notifies",
    "A change of 'scci' is notified; setting the same item is not.",
    "The chosen source of one application does not follow another's.",
)
def selector_notifies(s):
    with s.open() as session:
        for control in session.controls("selector"):
            with Kept(session, control, "scci"):
                current = session.plugin.get_ids(control, "scci")
                other = [item for item in _items(session, control)
                         if [item] != current and _kind(session, control, item) != "spcr"]  # fmt: skip
                if other:
                    must_notify(session, control, "scci", set_number, other[0], "scci")


# --- sliders and pans -------------------------------------------------------------


def _slider_range(session, control):
    return struct.unpack("<2I", session.plugin.get(control, "sdrr", size=8))


@rule(
    "slider-range",
    "'sdrr' has its minimum first, 'sdrv' is within it, and takes both ends.",
    "The slider stands outside of its scale.",
)
def slider_range(s):
    with s.open() as session:
        for control in session.controls("slider"):
            low, high = _slider_range(session, control)
            value = _rows.read(session, control, "sdrv")
            require(low <= value <= high, f"'sdrv' of {control} is {value}, 'sdrr' {low} ... {high}")
            with Kept(session, control, "sdrv"):
                for end in (low, high):
                    status, found = set_number(session, control, "sdrv", end), _rows.read(session, control, "sdrv")
                    require(status == 0 and found == end, f"'sdrv' of {control} was set to {end} and is {found}")


@rule(
    "slider-stays-in-range",
    "A value beyond 'sdrr' is refused or taken as the nearest end.",
    "The slider stands outside of its scale.",
    reference="C7.4",
)
def slider_stays_in_range(s):
    with s.open() as session:
        for control in session.controls("slider"):
            low, high = _slider_range(session, control)
            with Kept(session, control, "sdrv"):
                for value in (high + 10, low - 10 if low >= 10 else high + 20):
                    set_number(session, control, "sdrv", value)
                    found = _rows.read(session, control, "sdrv")
                    require(low <= found <= high, f"'sdrv' of {control} was set to {value} and is {found}")


@rule(
    "slider-notifies",
    "A change of 'sdrv' is notified; setting the same value is not.",
    "The slider of one application does not follow another's.",
)
def slider_notifies(s):
    with s.open() as session:
        for control in session.controls("slider"):
            low, high = _slider_range(session, control)
            with Kept(session, control, "sdrv"):
                other = low if _rows.read(session, control, "sdrv") != low else high
                must_notify(session, control, "sdrv", set_number, other, "sdrv")


@rule(
    "pan-range",
    "'spcv' is within 0 ... 1 and takes both ends; beyond them it stays within.",
    "Stereo leans to one side for ever.",
)
def pan_range(s):
    with s.open() as session:
        for control in session.controls("pan"):
            with Kept(session, control, "spcv"):
                for value in (0.0, 1.0, 0.5, 1.5, -0.5):
                    status, inside = set_float(session, control, "spcv", value), 0 <= value <= 1
                    found = session.plugin.get_float32(control, "spcv")
                    require(0 <= found <= 1, f"'spcv' of {control} was set to {value:g} and is {found:g}")
                    fine = not inside or (status == 0 and abs(found - value) <= SCALAR)
                    require(fine, f"'spcv' of {control} was set to {value:g} and is {found:g}")


@rule(
    "pan-channels",
    "'spcc' names two different channels of the device, counted from 1.",
    "The pan moves the wrong channels.",
)
def pan_channels(s):
    with s.open() as session:
        for control in session.controls("pan"):
            left, right = struct.unpack("<2I", session.plugin.get(control, "spcc", size=8))
            device = next(item for item in session.plugin.devices if item.id == control.parent.id)
            most = max(device.channels(INPUT), device.channels(OUTPUT))
            fine = left != right and 1 <= left <= most and 1 <= right <= most
            require(fine, f"'spcc' of {control} is [{left}, {right}], of {most} channels")


@rule(
    "pan-notifies",
    "A change of 'spcv' is notified; setting the same value is not.",
    "The pan of one application does not follow another's.",
)
def pan_notifies(s):
    with s.open() as session:
        for control in session.controls("pan"):
            with Kept(session, control, "spcv"):
                set_float(session, control, "spcv", 0.75)
                must_notify(session, control, "spcv", set_float, 0.25, "spcv")
