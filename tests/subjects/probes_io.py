"""IO operations, the audio, and what IO threads may not do (hal-protocol C3, C5)."""

import struct
from ctypes import byref, create_string_buffer

from subjects.lab import probe
from subjects.probes_changes import change_format
from subjects.raw import DESK, DESK_IN, DESK_OUT, MUTE, VOLUME, Cycle, code

ALLOCATIONS, _, LOCKS, PRINTS = range(4)
UNTOUCHED = b"\xa5"


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def ramp(frames, first=0):
    """Stereo float32 that has no value twice."""
    return floats(*((first + i) / 65536.0 for i in range(2 * frames)))


def write(d, time, data):
    status, after = d.do("rite", DESK_OUT, time, data, len(data) // 8)
    assert status == 0
    return after


def read(d, time, frames):
    """(status, what is read)"""
    return d.do("read", DESK_IN, time, UNTOUCHED * (8 * frames), frames)


def heard(d, time, frames):
    """What is read, as floats."""
    return struct.unpack(f"<{2 * frames}f", read(d, time, frames)[1])


# ---- which operations ----


@probe("write-not-promised")
def writes(d):
    return d.will_do("rite") == (0, True, True)


@probe("read-not-in-place")
def reads_in_place(d):
    return d.will_do("read") == (0, True, True)


@probe("unpromised-operation-done")
def nothing_unasked(d):
    d.start()
    data = ramp(64)
    return d.will_do("pmix")[1] is False and d.do("pmix", DESK_OUT, 0.0, data, 64) == (0, data)


@probe("io-on-unknown-device")
def unknown_device(d):
    return d.do("read", DESK_IN, 0.0, bytes(512), 64, device=987654)[0] in (code("!obj"), code("!dev"))


@probe("null-cycle-crashes")
def null_cycle(d):
    d.start()
    buffer = create_string_buffer(512)
    return d.call("do", DESK, DESK_IN, 1, code("read"), 64, None, buffer, None) == code("nope")


@probe("null-buffer-crashes")
def null_buffer(d):
    d.start()
    return d.call("do", DESK, DESK_IN, 1, code("read"), 64, byref(Cycle()), None, None) == code("nope")


@probe("write-before-start-crashes")
def write_before_start(d):
    return d.do("rite", DESK_OUT, 0.0, ramp(64), 64)[0] is not None


@probe("io-after-stop-crashes")
def read_after_stop(d):
    d.start()
    d.stop()
    return read(d, 0.0, 64)[0] is not None


# ---- sample times ----


@probe("sample-time-ignored")
def audio_has_its_time(d):
    d.start()
    write(d, 1000.0, ramp(64))
    return read(d, 1000.0, 64) == (0, ramp(64)) and not any(heard(d, 5000.0, 64))


@probe("reads-share-cursor")
def readers_do_not_disturb_each_other(d):
    d.start()
    write(d, 0.0, ramp(512))
    return read(d, 0.0, 128) == read(d, 0.0, 128) == (0, ramp(128))


@probe("sample-time-saturates-at-32-bits")
def after_a_day(d):
    d.start()
    for block in (0, 1):
        write(d, 2.0**32 + 1000 + 64 * block, ramp(64, 1000 * block))
    return read(d, 2.0**32 + 1000, 64) == (0, ramp(64))


@probe("negative-time-mirrored")
def before_the_line(d):
    d.start()
    write(d, 0.0, ramp(128, 1))
    return not any(heard(d, -64.0, 64))


@probe("stale-audio-loops")
def old_audio_is_gone(d):
    d.start()
    write(d, 0.0, ramp(64, 1))
    return not any(heard(d, 32768.0, 64))


@probe("old-line-audible")
def new_line_is_silent(d):
    d.start()
    write(d, 1000.0, ramp(64, 1))
    d.stop()
    d.start()
    return not any(heard(d, 1000.0, 64))


# ---- buffers ----


@probe("silence-left-unwritten")
def silence_is_written(d):
    d.start()
    return read(d, 0.0, 64)[1] == bytes(512)


@probe("silence-is-error")
def silence_is_no_error(d):
    d.start()
    return read(d, 0.0, 64)[0] == 0


@probe("scratch-too-small")
def large_buffers(d):
    d.start()
    return read(d, 0.0, 4096)[0] == 0


@probe("ring-too-short")
def far_apart(d):
    d.start()
    write(d, 0.0, ramp(4096))
    write(d, 4096.0, ramp(4096, 9000))
    return read(d, 0.0, 4096) == (0, ramp(4096))


def guard_after(d, frames, used):
    """What is behind a read buffer afterwards."""
    return d.do("read", DESK_IN, 0.0, UNTOUCHED * (used + 4096), frames)[1][used:]


@probe("stride-of-widest")
def own_channels(d):
    d.start()
    return guard_after(d, 64, 64 * 8) == UNTOUCHED * 4096


@probe("integers-taken-for-floats")
def own_format(d):
    change_format(d, DESK_IN, "int16")
    d.start()
    return guard_after(d, 64, 64 * 4) == UNTOUCHED * 4096


# ---- the audio ----


@probe("integers-wrap")
def saturates(d):
    change_format(d, DESK_IN, "int16")
    d.start()
    write(d, 0.0, floats(1.5, -1.5))
    return struct.unpack("<hh", d.do("read", DESK_IN, 0.0, bytes(4), 1)[1]) == (32767, -32768)


@probe("audio-clipped")
def not_clipped(d):
    d.start()
    write(d, 0.0, floats(1.5, -2.0))
    return heard(d, 0.0, 1) == (1.5, -2.0)


def gain_error(d):
    """What is heard, over what the decibel value says."""
    d.set_f32(VOLUME, "lcsv", 0.75)
    d.start()
    write(d, 0.0, floats(1.0, 1.0))
    return heard(d, 0.0, 1)[0] / 10 ** (d.f32(VOLUME, "lcdv") / 20)


@probe("gain-is-scalar")
def gain_is_decibels(d):
    return abs(gain_error(d) - 1) < 0.001


@probe("gain-twice")
def gain_once(d):
    return abs(gain_error(d) - 1) < 0.001


@probe("mute-leaves-audio")
def mute_is_silent(d):
    d.set_u32(MUTE, "bcvl", 1)
    d.start()
    write(d, 0.0, ramp(64, 1))
    return not any(heard(d, 0.0, 64))


# ---- realtime: what the driver's own code calls ----


def calls_of_io(d, which):
    """How often a kind of function is called by a stamp, a write and a read."""
    count = d.image.subject_calls
    d.start()
    before = count(which)
    d.stamp()
    write(d, 0.0, ramp(64))
    read(d, 0.0, 64)
    return count(which) - before


@probe("io-allocates", bundle="watched")
def no_allocation(d):
    return calls_of_io(d, ALLOCATIONS) == 0


@probe("io-locks", bundle="watched")
def no_lock(d):
    return calls_of_io(d, LOCKS) == 0


@probe("stamp-locks", bundle="watched")
def no_lock_for_the_stamp(d):
    return calls_of_io(d, LOCKS) == 0


@probe("io-prints", bundle="watched")
def no_output(d):
    return calls_of_io(d, PRINTS) == 0


@probe("notifies-from-io")
def no_host_call(d):
    d.start()
    d.pump()
    d.host.notes.clear()
    read(d, 0.0, 64)
    return d.host.notes == []
