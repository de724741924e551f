"""Rules about level controls: volumes (hal-protocol B5)."""

import itertools
import math
import struct

from tympan.testing._status import name
from tympan.testing.rules._controls import DECIBELS, SCALAR, Kept, must_notify, set_float, set_number
from tympan.testing.rules._play import Loopback, loudest
from tympan.testing.rules._rule import Group, Skip, advise, require
from tympan.testing.rules._table import INPUT, OUTPUT

rule = Group("level", "Level controls", "B5")

_STEPS = 20  # levels that are tried


def _convert(session, control, selector, value):
    data = session.plugin.get(control, selector, size=4, data=struct.pack("<f", value))
    return struct.unpack("<f", data)[0]


def _levels(session):
    """(control, its decibel range) of every level control that says one."""
    found = []
    for control in session.controls("level"):
        if all(session.plugin.has(control, key) for key in ("lcsv", "lcdv", "lcdr")):
            found.append((control, *struct.unpack("<2d", session.plugin.get(control, "lcdr", size=16))))
    if not found:
        raise Skip("no level control is whole")
    return found


@rule(
    "level-range",
    "'lcdr' has its minimum first, both finite; 'lcsv' is within 0 ... 1 and 'lcdv' within 'lcdr'.",
    "The volume slider stands outside of its scale.",
)
def level_range(s):
    with s.open() as session:
        for control, low, high in _levels(session):
            fine = math.isfinite(low) and math.isfinite(high) and low < high
            require(fine, f"'lcdr' of {control} is {low} ... {high}")
            scalar, decibels = (session.plugin.get_float32(control, key) for key in ("lcsv", "lcdv"))
            require(0 <= scalar <= 1, f"'lcsv' of {control} is {scalar:g}")
            require(low - DECIBELS <= decibels <= high + DECIBELS, f"'lcdv' of {control} is {decibels:g} dB")


@rule(
    "level-direction",
    "A volume control ('vlme', 'subv') applies to input or to output: 'cscp' is not global.",
    "The keyboard's volume keys do nothing.",
    "BlackHole #31, #49",
)
def level_direction(s):
    with s.open() as session:
        for control in session.controls("level"):
            if control.cls in ("vlme", "subv") and session.plugin.has(control, "cscp"):
                scope = session.plugin.get_code(control, "cscp")
                advise(scope in (INPUT, OUTPUT), f"'cscp' of {control} is '{scope}'")


@rule(
    "level-set",
    "'lcsv' and 'lcdv' take what they are set to.",
    "The volume slider jumps back.",
)
def level_set(s):
    with s.open() as session:
        for control, low, high in _levels(session):
            with Kept(session, control, "lcsv"):
                for key, value, slack in (("lcsv", 0.5, SCALAR), ("lcdv", (low + high) / 2, DECIBELS)):
                    status = set_float(session, control, key, value)
                    found = session.plugin.get_float32(control, key)
                    require(status == 0, f"setting '{key}' of {control} to {value:g} answered '{name(status)}'")
                    require(abs(found - value) <= slack, f"'{key}' of {control} was set to {value:g} and is {found:g}")


@rule(
    "level-clamps",
    "A level beyond its range is taken as the nearest end: 'lcsv' to 0 or 1, 'lcdv' to an end of 'lcdr'.",
    "The volume cannot be set to its end, or becomes louder than full.",
    reference="C7.4",
)
def level_clamps(s):
    with s.open() as session:
        for control, low, high in _levels(session):
            with Kept(session, control, "lcsv"):
                for key, value, end in (("lcsv", 1.5, 1), ("lcsv", -0.5, 0), ("lcdv", high + 20, high),
                                        ("lcdv", low - 20, low)):  # fmt: skip
                    status = set_float(session, control, key, value)
                    found = session.plugin.get_float32(control, key)
                    require(status == 0, f"'{key}' of {control} refused {value:g} with '{name(status)}'")
                    shown = f"'{key}' of {control} was set to {value:g} and is {found:g}"
                    require(abs(found - end) <= DECIBELS, shown)


@rule(
    "level-not-a-number",
    "A level that is no number is refused or ignored: the value stays a number within its range.",
    "Silence or full noise, until the volume is set anew.",
)
def level_not_a_number(s):
    with s.open() as session:
        for control, _, _ in _levels(session):
            with Kept(session, control, "lcsv"):
                for key in ("lcsv", "lcdv"):
                    set_float(session, control, key, math.nan)
                    found = session.plugin.get_float32(control, "lcsv")
                    require(0 <= found <= 1, f"'lcsv' of {control} is {found:g} after '{key}' was set to NaN")


@rule(
    "level-scalar-and-decibels-agree",
    f"'lcdv' is what 'lcsd' makes of 'lcsv', within {DECIBELS} dB, at {_STEPS + 1} levels.",
    "The slider and the decibels beside it contradict each other.",
)
def level_scalar_and_decibels_agree(s):
    with s.open() as session:
        for control, *_ in _levels(session):
            with Kept(session, control, "lcsv"):
                for i in range(_STEPS + 1):
                    set_float(session, control, "lcsv", i / _STEPS)
                    scalar, decibels = (session.plugin.get_float32(control, key) for key in ("lcsv", "lcdv"))
                    made = _convert(session, control, "lcsd", scalar)
                    shown = f"at 'lcsv' {scalar:g} of {control} 'lcdv' is {decibels:g}, and 'lcsd' makes {made:g} dB"
                    require(abs(made - decibels) <= DECIBELS, shown)


@rule(
    "level-conversion-rises",
    f"'lcsd' rises from the minimum of 'lcdr' at 0 to its maximum at 1, over {_STEPS} steps.",
    "The volume slider goes the wrong way in places.",
)
def level_conversion_rises(s):
    with s.open() as session:
        for control, low, high in _levels(session):
            made = [_convert(session, control, "lcsd", i / _STEPS) for i in range(_STEPS + 1)]
            ends = abs(made[0] - low) <= DECIBELS and abs(made[-1] - high) <= DECIBELS
            require(ends, f"'lcsd' of {control} goes from {made[0]:g} to {made[-1]:g} dB, not {low:g} to {high:g}")
            rises = all(a < b for a, b in itertools.pairwise(made))
            require(rises, f"'lcsd' of {control} does not rise: {[round(value, 2) for value in made]}")


@rule(
    "level-conversion-returns",
    f"'lcds' of 'lcsd' is the same scalar again, within {SCALAR}.",
    "The volume creeps each time that the slider is touched.",
)
def level_conversion_returns(s):
    with s.open() as session:
        for control, *_ in _levels(session):
            for i in range(_STEPS + 1):
                there = _convert(session, control, "lcsd", i / _STEPS)
                back = _convert(session, control, "lcds", there)
                require(abs(back - i / _STEPS) <= SCALAR, f"{control} makes {there:g} dB of {i / _STEPS:g}, and "
                                                           f"{back:g} of that")  # fmt: skip


@rule(
    "level-conversion-is-pure",
    "Converting with 'lcsd' and 'lcds' changes no value and notifies nobody.",
    "The volume changes when an application only looks at it.",
    reference="C7.8",
)
def level_conversion_is_pure(s):
    with s.open() as session:
        for control, *_ in _levels(session):
            before = session.plugin.get_float32(control, "lcsv")
            notes = session.notes(_convert, session, control, "lcsd", 0.25)
            notes += session.notes(_convert, session, control, "lcds", -12.0)
            found = session.plugin.get_float32(control, "lcsv")
            require(found == before, f"'lcsv' of {control} was {before:g} and is {found:g} after a conversion")
            require(not notes, f"a conversion of {control} was notified: {notes}")


@rule(
    "level-notifies",
    "A change of 'lcsv' or 'lcdv' notifies both; setting the same value notifies nothing.",
    "The volume slider of one application does not follow another's, or the log fills.",
    "NullAudio compares first",
)
def level_notifies(s):
    with s.open() as session:
        for control, low, high in _levels(session):
            with Kept(session, control, "lcsv"):
                for key, first, value in (("lcsv", 0.75, 0.25), ("lcdv", high, (low + high) / 2)):
                    set_float(session, control, key, first)
                    must_notify(session, control, key, set_float, value, "lcsv", "lcdv")


# --- what is heard ----------------------------------------------------------------

_TOLERANCE = 0.1  # dB between what a level says and what is heard


def _owner(session, control):
    """The control's device and a loopback over it, or Skip."""
    device = next((item for item in session.plugin.devices if item.id == control.parent.id), None)
    if device is None:
        raise Skip("the control's owner is no device")
    return device, Loopback(session, device)


def _heard(session, client, loopback):
    return loudest(loopback.response(client))[0]


@rule(
    "level-heard",
    f"Where a level changes a loopback's audio at all, it does by what 'lcdv' says, within {_TOLERANCE} dB.",
    "The volume is twice as soft as shown, or does not follow the slider.",
    "field-bugs E15",
)
def level_heard(s):
    with s.open() as session:
        for control, low, _ in _levels(session):
            device, loopback = _owner(session, control)
            with Kept(session, control, "lcsv"), session.client(device) as client:
                set_float(session, control, "lcsv", 1.0)
                loopback.reference(client)
                full, top = _heard(session, client, loopback), session.plugin.get_float32(control, "lcdv")
                for decibels in (top - 6, top - 20):
                    set_float(session, control, "lcdv", decibels)
                    heard, said = _heard(session, client, loopback), session.plugin.get_float32(control, "lcdv")
                    if heard == full or decibels < low:
                        continue  # it is for somebody else to apply
                    change = 20 * math.log10(max(heard, 1e-12) / full)
                    shown = f"from {top:g} to {said:g} dB of {control} the audio changes by {change:.2f} dB"
                    require(abs(change - (said - top)) <= _TOLERANCE, shown)


@rule(
    "mute-silences",
    "Where a device's volume changes a loopback's audio, its mute silences it.",
    "The mute button does nothing.",
    "BlackHole #883",
)
def mute_silences(s):
    with s.open() as session:
        volumes = {(item.parent.id, _place(session, item)): item for item in session.controls("level")}
        for mute in session.controls("boolean"):
            volume = volumes.get((mute.parent.id, _place(session, mute)))
            if mute.cls != "mute" or volume is None:
                continue
            device, loopback = _owner(session, mute)
            with Kept(session, volume, "lcsv"), Kept(session, mute, "bcvl"), session.client(device) as client:
                set_number(session, mute, "bcvl", 0)
                set_float(session, volume, "lcsv", 1.0)
                loopback.reference(client)
                full = _heard(session, client, loopback)
                set_float(session, volume, "lcsv", 0.5)
                if _heard(session, client, loopback) == full:
                    raise Skip("the volume is for somebody else to apply")
                set_number(session, mute, "bcvl", 1)
                level = _heard(session, client, loopback)
                require(level < 1e-6, f"{mute} is on, and the audio has the level {level:g}")


def _place(session, control):
    return tuple(session.plugin.get_uint32(control, key) for key in ("cscp", "celm"))
