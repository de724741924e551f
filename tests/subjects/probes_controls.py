"""Controls and notifications (hal-protocol B5, C3, C7.8)."""

import struct

from subjects.lab import probe
from subjects.raw import BOX, DESK, MUTE, PLUGIN, SOURCE, VOLUME


@probe("volume-curves-differ")
def one_curve(d):
    d.set_f32(VOLUME, "lcsv", 0.5)
    converted = d.f32(VOLUME, "lcsd", data=struct.pack("<f", 0.5))
    return abs(d.f32(VOLUME, "lcdv") - converted) < 0.01


@probe("volume-not-clamped")
def clamped(d):
    d.set_f32(VOLUME, "lcsv", 1.5)
    return d.f32(VOLUME, "lcsv") == 1.0


@probe("volume-out-of-range-refused")
def not_refused(d):
    return d.set_f32(VOLUME, "lcsv", 1.5) == 0


@probe("volume-notifies-scalar-only")
def both_are_told(d):
    d.set_f32(VOLUME, "lcsv", 0.5)
    d.pump()
    return d.host.told(VOLUME, "lcsv") and d.host.told(VOLUME, "lcdv")


@probe("control-notifies-its-scope")
def told_at_global_scope(d):
    d.set_u32(MUTE, "bcvl", 1)
    d.pump()
    return len(d.host.notes) == d.host.told(MUTE, "bcvl") == 1


@probe("unchanged-set-notifies")
def silent_when_unchanged(d):
    d.set_u32(MUTE, "bcvl", 0)
    d.pump()
    return d.host.notes == []


@probe("change-not-notified")
def change_is_told(d):
    d.set_u32(MUTE, "bcvl", 1)
    d.pump()
    return len(d.host.notes) == 1


def seen_when_told(d):
    """The values of mute that the host reads from inside PropertiesChanged while it is set to 1."""
    seen = []
    d.host.on_note = lambda object_id, selector: seen.append(d.u32(MUTE, "bcvl"))
    d.set_u32(MUTE, "bcvl", 1)
    d.pump()
    return seen


@probe("notifies-before-value")
def value_is_readable(d):
    return seen_when_told(d) == [1]


@probe("notifies-under-lock")
def no_lock_is_held(d):
    return seen_when_told(d) == [1]


@probe("mute-is-stuck")
def mute_comes_off(d):
    d.set_u32(MUTE, "bcvl", 1)
    d.set_u32(MUTE, "bcvl", 0)
    return d.u32(MUTE, "bcvl") == 0


@probe("unknown-source-accepted")
def unknown_source(d):
    return d.set_u32(SOURCE, "scci", 1234) != 0 and d.u32(SOURCE, "scci") != 1234


@probe("source-names-equal")
def source_names(d):
    items = d.ids(SOURCE, "scai")
    names = {d.text(SOURCE, "scin", qualifier=struct.pack("<I", item)) for item in items}
    return len(items) == 2 == len(names)


@probe("running-not-notified")
def running_is_told(d):
    d.start()
    d.pump()
    first = d.host.told(DESK, "goin")
    d.stop()
    d.pump()
    return first == 1 and d.host.told(DESK, "goin") == 2


@probe("box-hides-change-from-plugin")
def plugin_tells_too(d):
    d.set_u32(BOX, "bxon", 0)
    d.pump()
    return d.host.told(BOX, "bxon") and d.host.told(PLUGIN, "dev#") and d.ids(PLUGIN, "dev#") == []
