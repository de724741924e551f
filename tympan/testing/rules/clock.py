"""Rules about zero time stamps (hal-protocol C5)."""

import ctypes

from tympan._errors import HostError
from tympan.testing._status import code, name
from tympan.testing.rules._play import other_rate, play, stamp
from tympan.testing.rules._rule import Failure, Group, advise, require

rule = Group("clock", "Zero time stamps", "C5 GetZeroTimeStamp")

_SECONDS = 3.0  # played where a rule watches the clock
_STALL = 50  # periods without a call
_DAYS = 100
_PERIODS = 10_000  # over which drift is measured
_TIMEBASES = ((1, 1), (125, 3))
_STRANGER = 987_654


def _watch(s):
    """Ordinary IO on every device, with both timebases; the engine judges every stamp."""
    for timebase in _TIMEBASES:
        with s.open(timebase=timebase) as session:
            for device in session.devices():
                play(session, device, _SECONDS)


@rule(
    "clock-runs",
    "From the return of StartIO on GetZeroTimeStamp succeeds.",
    "No sound: the application waits for the device to start.",
    "tympan-aspl E6",
)
def clock_runs(s):
    _watch(s)


@rule(
    "clock-not-in-future",
    "The host time of a stamp is at or before now.",
    "Glitches, and audio that stops after a while.",
    "NullAudio 1.1",
)
def clock_not_in_future(s):
    _watch(s)


@rule(
    "clock-never-back",
    "With the same seed, sample times never go back.",
    "Crackle, or repeated audio.",
)
def clock_never_back(s):
    _watch(s)


@rule(
    "clock-spacing",
    "With the same seed, sample times differ by whole periods ('ring' frames).",
    "The log says \"not consecutive\", and the rate wavers audibly.",
    "libASPL pull request 13",
)
def clock_spacing(s):
    _watch(s)


@rule(
    "clock-stamp-fixed",
    "The host time of a sample time never changes while the seed stays.",
    "The rate wavers audibly.",
    "tympan-aspl E7",
)
def clock_stamp_fixed(s):
    _watch(s)


@rule(
    "clock-rate",
    "Host times follow the nominal rate within 0.1 %.",
    "Wrong pitch, and glitches that come back regularly.",
    "tympan-aspl E7; BlackHole #27 and others",
)
def clock_rate(s):
    _watch(s)


@rule(
    "clock-current",
    "The stamp is the most recent one: less than one period old.",
    "Stutter, most of all in browsers.",
    "radioform pull request 62",
)
def clock_current(s):
    _watch(s)


@rule(
    "clock-catches-up",
    f"After {_STALL} periods without a call, one GetZeroTimeStamp is up to date.",
    "Stutter for seconds after the machine was busy.",
    "radioform pull request 62; BlackHole, libASPL 1286",
)
def clock_catches_up(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device) as client:
                play(session, device, 0.5, client=client)
                session.hal.advance(_STALL * device.period / device.sample_rate)
                stamp(session, device, client)


@rule(
    "clock-long-run",
    f"After {_DAYS} days of IO the clock is as exact as at the start.",
    "Glitches that begin after days.",
    "raspdif #3, oboe #1852",
)
def clock_long_run(s):
    for timebase in _TIMEBASES:
        with s.open(timebase=timebase) as session:
            for device in session.devices():
                with session.client(device) as client:
                    session.hal.advance(_DAYS * 86_400.0)
                    first = stamp(session, device, client)
                    play(session, device, _SECONDS, client=client)
                    require(first[2] == client.engine.line[2], "the seed changed without a reason")


def _drift(session, device, client):
    """Frames by which ``_PERIODS`` periods differ from the nominal rate."""
    ticks_per_frame = session.hal.ticks_per_second / device.sample_rate
    sample, host, seed = stamp(session, device, client)
    for _ in range(_PERIODS // 10):
        session.hal.advance(10 * device.period / device.sample_rate)
        later = stamp(session, device, client)
    if later[2] != seed:
        raise Failure(f"the seed changed from {seed} to {later[2]} while IO ran")
    return (later[1] - host) / ticks_per_frame - (later[0] - sample)


@rule(
    "clock-no-drift",
    f"Over {_PERIODS:,} periods the clock of a device whose rate nobody adjusts stays within one frame of its "
    "nominal rate, at every rate and timebase.",
    "Slow drift against other devices: noise after minutes, lips out of step.",
    "eqMac #224, BlackHole #27 and 9 others",
)
def clock_no_drift(s):
    with s.open(timebase=(125, 3)) as session:
        for device in session.devices():
            for rate in [low for low, _ in device.sample_rates[:8]]:
                device.set_sample_rate(rate)
                with session.client(device) as client:
                    frames = _drift(session, device, client)
                advise(abs(frames) <= 1, f"at {rate:g} Hz, device {device.id} is {frames:.1f} frames off after "
                                         f"{_PERIODS} periods")  # fmt: skip


@rule(
    "clock-shared",
    "All clients of a device see one clock: the same stamp and seed at the same time.",
    "Two applications on one device drift apart.",
    "BGM's per-client state",
)
def clock_shared(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device, pid=1) as first, session.client(device, pid=2) as second:
                for _ in range(10):
                    session.hal.advance(0.7 * device.period / device.sample_rate)
                    ours, theirs = stamp(session, device, first), stamp(session, device, second)
                    require(ours == theirs, f"one client sees {ours}, another {theirs} (sample, host, seed)")


@rule(
    "clock-survives-other-clients",
    "The clock of a running client goes on when another starts or stops.",
    "Sound stutters or stops when another application starts or ends.",
    "tympan-aspl E6",
)
def clock_survives_other_clients(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device, pid=1) as first:
                play(session, device, 0.5, client=first)
                before = stamp(session, device, first)
                with session.client(device, pid=2) as second:
                    play(session, device, 0.5, client=second)
                status = session.table.zero_time_stamp(device.id, first.id)[0]
                require(status == 0, f"after another client stopped, the clock answers '{name(status)}'")
                after = stamp(session, device, first)
                require(after[2] == before[2], "another client's start or stop made a new seed")


@rule(
    "clock-new-seed-after-restart",
    "A time line that begins anew after StopIO and StartIO has a new seed.",
    "Crackle for seconds after a player's pause: two lines are bridged by the clock's filter.",
    "BlackHole, libASPL, SoundPusher, SimpleAudio",
)
def clock_new_seed_after_restart(s):
    with s.open() as session:
        for device in session.devices():
            client = device.add_client()
            for _ in range(3):
                device.start(client)
                play(session, device, 0.5, client=client)
                device.stop(client)
                session.hal.advance(1.2345)
            device.remove_client(client)


@rule(
    "clock-new-seed-after-rate-change",
    "After a change of the sample rate while IO runs the time line has a new seed.",
    "Wrong pitch for seconds after a change of the sample rate.",
    "BlackHole, libASPL, SimpleAudio",
    reference="C6",
)
def clock_new_seed_after_rate_change(s):
    with s.open() as session:
        for device in session.devices():
            old, new = other_rate(device)
            with session.client(device) as client:
                play(session, device, 0.5, client=client)
                for rate in (new, old):
                    _change(device, rate)
                    play(session, device, 0.5, client=client)
    with s.spied() as spied:
        for number in spied.properties.get_ids(1, "dev#"):
            _suspended(spied, number)


def _suspended(spied, number):
    """A host may hold IO still for the change, without StopIO."""
    rate, rates = spied.properties.get_float64(number, "nsrt"), spied.properties.get_ranges(number, "nsr#")
    other = next((low for low, _ in rates if low != rate), None)
    if other is None or spied.table.start_io(number, 1):
        return
    before = spied.table.zero_time_stamp(number, 1)
    spied.properties.set_float64(number, "nsrt", other)
    spied.settle()
    after = spied.table.zero_time_stamp(number, 1)
    spied.table.stop_io(number, 1)
    if spied.properties.get_float64(number, "nsrt") == other:
        require(before[3] != after[3], f"after a change to {other:g} Hz without StopIO the seed is still {after[3]}")


def _change(device, rate):
    try:
        device.set_sample_rate(rate)
    except HostError as error:
        raise Failure(str(error), error.hint) from None


@rule(
    "clock-every-rate",
    "At every sample rate of 'nsr#' the clock runs, with the period 'ring' of that rate.",
    "A sample rate that can be chosen, and then nothing plays.",
    "libASPL pull request 13; BGM #185",
    reference="C6",
)
def clock_every_rate(s):
    with s.open() as session:
        for device in session.devices():
            old = device.sample_rate
            for rate in {rate for pair in device.sample_rates for rate in pair}:
                device.set_sample_rate(rate)
                play(session, device, 2.1 * device.period / rate)
            device.set_sample_rate(old)


@rule(
    "clock-after-boot",
    "The clock runs when the machine has just started: host time 5.",
    "No sound right after login.",
    "BlackHole CHANGELOG 0.2.9",
)
def clock_after_boot(s):
    for timebase in _TIMEBASES:
        with s.open(timebase=timebase, start_time=5) as session:
            for device in session.devices():
                play(session, device, 1.0)


@rule(
    "clock-long-uptime",
    "The clock runs when the machine has been up for two years.",
    "Glitches on machines that are never switched off.",
)
def clock_long_uptime(s):
    for timebase, ticks in (((1, 1), 10**9), ((125, 3), 24 * 10**6)):
        with s.open(timebase=timebase, start_time=730 * 86_400 * ticks) as session:
            for device in session.devices():
                play(session, device, _SECONDS)


@rule(
    "clock-stopped-device",
    "GetZeroTimeStamp of a device that does not run answers 'stop', or 0.",
    "Messages of failed calls in the log.",
)
def clock_stopped_device(s):
    with s.open() as session:
        for device in session.devices():
            status = session.table.zero_time_stamp(device.id, 0)[0]
            advise(status in (0, code("stop")), f"it answered '{name(status)}'")


@rule(
    "clock-unknown-device",
    "GetZeroTimeStamp of a device that does not exist answers '!obj' or '!dev'.",
    "A stale device of an earlier configuration seems to run.",
    reference="C9",
)
def clock_unknown_device(s):
    with s.open() as session:
        status = session.table.zero_time_stamp(_STRANGER)[0]
        require(status != 0, "GetZeroTimeStamp of an unknown device succeeded")
        advise(status in (code("!obj"), code("!dev")), f"it answered '{name(status)}'")


@rule(
    "clock-null-outs",
    "GetZeroTimeStamp answers 'nope' when one of its 3 out pointers is NULL, and crashes nothing.",
    "The sound system crashes instead of logging an error.",
    isolated=True,
)
def clock_null_outs(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device) as client:
                for missing in range(3):
                    outs = [ctypes.c_double(), ctypes.c_uint64(), ctypes.c_uint64()]
                    outs[missing] = None
                    session.doing(f"GetZeroTimeStamp with out pointer {missing + 1} of 3 NULL")
                    status = session.raw.call("GetZeroTimeStamp", device.id, client.id, *outs)
                    require(status != 0, f"GetZeroTimeStamp without out pointer {missing + 1} succeeded")
                    advise(status == code("nope"), f"it answered '{name(status)}'")
