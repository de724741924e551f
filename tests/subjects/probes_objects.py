"""The object graph, and what properties say (hal-protocol part B, C7.9)."""

import struct

from subjects import raw
from subjects.lab import probe
from subjects.probes_changes import change_rate
from subjects.raw import DESK, DESK_IN, DESK_OUT, DESK_OUT_CUE, PLUGIN, VOLUME, WIRE, WIRE_IN, WIRE_OUT, code

STREAMS = {DESK: (4, 5, 6, 7), WIRE: (WIRE_IN, WIRE_OUT)}


def classes(*names):
    """A qualifier for 'ownd'."""
    return struct.pack(f"<{len(names)}I", *map(code, names))


@probe("owned-list-repeats-first")
def owned_once(d):
    return sorted(d.ids(PLUGIN, "ownd")) == [2, DESK, WIRE]


@probe("owned-list-drops-mute")
def owned_is_streams_and_controls(d):
    return sorted(d.ids(DESK, "ownd")) == sorted(d.ids(DESK, "stm#") + d.ids(DESK, "ctrl")) == list(range(4, 11))


@probe("device-list-has-dead-object")
def devices_live(d):
    return all(d.has(device, "clas") for device in d.ids(PLUGIN, "dev#"))


@probe("stream-owner-wrong")
def owners(d):
    return all(d.u32(stream, "stdv") == device for device, streams in STREAMS.items() for stream in streams)


@probe("streams-unscoped")
def streams_by_scope(d):
    return d.ids(DESK, "stm#", "inpt") == [4, 5] and d.ids(DESK, "stm#", "outp") == [6, 7]


@probe("owned-filter-ignored")
def filtered(d):
    return d.ids(DESK, "ownd", qualifier=classes("astr")) == [4, 5, 6, 7]


@probe("owned-filter-exact-only")
def filtered_by_base(d):
    return d.ids(DESK, "ownd", qualifier=classes(raw.LEVEL_CONTROL)) == [VOLUME]


@probe("base-class-wrong")
def base_class(d):
    return d.u32(VOLUME, "bcls") == raw.LEVEL_CONTROL


@probe("control-list-empty")
def controls(d):
    return sorted(d.ids(DESK, "ctrl")) == [8, 9, 10]


@probe("hidden-missing")
def has_hidden(d):
    return d.has(DESK, "hidn")


@probe("default-device-missing")
def has_defaults(d):
    return all(d.has(DESK, selector, scope) for selector in ("dflt", "sflt") for scope in ("inpt", "outp"))


@probe("available-formats-missing")
def has_formats(d):
    return d.has(DESK_IN, "sfma") and d.has(DESK_IN, "pfta")


@probe("resource-bundle-missing")
def has_resource_bundle(d):
    return d.has(PLUGIN, "rsrc")


@probe("custom-list-missing")
def custom_is_listed(d):
    status, size, memory = d.get(DESK, "cust")
    listed = [memory[i : i + 4] for i in range(0, size, 12)] if status == 0 else []
    return d.has(DESK, "memo") and struct.pack("<I", code("memo")) in listed


@probe("host-made-property")
def no_buffer_size(d):
    return not d.has(DESK, "fsiz")


@probe("pid-gated")
def any_process(d):
    return d.has(DESK, "lnam", pid=4711)


# ---- values ----


@probe("related-without-itself")
def related(d):
    return DESK in d.ids(DESK, "akin")


@probe("first-channel-not-stacked")
def first_channels(d):
    return [d.u32(stream, "schn") for stream in (DESK_OUT, DESK_OUT_CUE)] == [1, 3]


@probe("direction-inverted")
def directions(d):
    return (d.u32(DESK_IN, "sdir"), d.u32(DESK_OUT, "sdir")) == (1, 0)


@probe("second-device-has-first-uid")
def uids_differ(d):
    return d.text(DESK, "uid ") != d.text(WIRE, "uid ")


@probe("model-uid-is-uid")
def model_uid(d):
    return d.text(DESK, "uid ") != d.text(DESK, "muid")


@probe("uid-changes")
def uid_stays(d):
    before = d.text(DESK, "uid ")
    d.call("release")
    d.open()
    return d.text(DESK, "uid ") == before


@probe("period-too-small")
def period(d):
    return d.u32(DESK, "ring") >= 10923


@probe("period-follows-rate")
def period_is_that_of_the_stamps(d):
    d.start()
    d.advance(10)
    return d.stamp()[1] % d.u32(DESK, "ring") == 0 < d.stamp()[1]


@probe("rate-not-listed")
def rate_is_listed(d):
    _, size, memory = d.get(DESK, "nsr#")
    return d.f64(DESK, "nsrt") in struct.unpack_from(f"<{size // 8}d", memory)


def description(d, stream, selector):
    """(rate, id, flags, bytes per packet, frames per packet, bytes per frame, channels, bits, reserved)"""
    return struct.unpack_from("<dIIIIIIII", d.get(stream, selector)[2])


@probe("format-keeps-old-rate")
def format_follows_rate(d):
    change_rate(d, 96000)
    return d.f64(DESK, "nsrt") == 96000 == description(d, DESK_IN, "pft ")[0]


@probe("virtual-format-differs")
def formats_agree(d):
    return description(d, DESK_IN, "sfmt")[:8] == description(d, DESK_IN, "pft ")[:8]


@probe("format-reserved-unwritten")
def format_is_whole(d):
    return description(d, DESK_IN, "pft ")[8] == 0


@probe("format-bytes-wrong")
def format_adds_up(d):
    _, _, _, packet, frames, frame, channels, bits, _ = description(d, DESK_IN, "pft ")
    return frame == channels * bits // 8 == packet // frames


@probe("stereo-zero-based")
def stereo(d):
    return struct.unpack_from("<II", d.get(DESK, "dch2", "outp")[2]) == (1, 2)


@probe("layout-count-wrong")
def layout(d):
    _, size, memory = d.get(DESK, "srnd", "outp")
    return size == 12 + 20 * struct.unpack_from("<I", memory, 8)[0]


@probe("element-names-shifted")
def channel_names(d):
    return [d.text(DESK, "lchn", "outp", element=i) for i in (1, 2, 3)] == ["Left", "Right", "Cue"]


@probe("icon-is-string")
def icon(d):
    return raw.CF.tympan_kind_of(d.reference(DESK, "icon")) == raw.URL


@probe("custom-type-unknown")
def custom_types(d):
    _, size, memory = d.get(DESK, "cust")
    rows = struct.iter_unpack("<III", memory[:size])
    return {kind for row in rows for kind in row[1:]} <= {0, code("cfst"), code("plst")}


@probe("control-scope-global")
def control_scope(d):
    return d.u32(VOLUME, "cscp") == code("outp")
