"""Rules about the audio itself: silence where nothing was written, at any sample time (hal-protocol C5)."""

import ctypes
from functools import partial

import numpy

from tympan.testing._status import code
from tympan.testing.rules._play import BUFFER, Loopback, each_format, loudest, noise, other_rate, play, play_once, same
from tympan.testing.rules._raw import CycleInfo
from tympan.testing.rules._rule import Group, Skip, advise, require
from tympan.testing.rules._table import INPUT, OUTPUT

rule = Group("audio", "Audio and sample times", "C5")

_HALF, _WHOLE = 2**31, 2**32  # frames at which 32-bit counters turn over
_LOUD = 16.0  # no client plays so loud: what is louder was never audio
_QUIET = 1e-6
_TAIL = 1.0  # seconds after which the last of a writer's audio has been read


def _duplex(session):
    """The devices that have both directions."""
    found = [device for device in session.devices() if device.channels(INPUT) and device.channels(OUTPUT)]
    if not found:
        raise Skip("no device has both directions")
    return found


def _inputs(session):
    found = [device for device in session.devices() if device.channels(INPUT)]
    if not found:
        raise Skip("no device has an input")
    return found


@rule(
    "audio-is-finite",
    "ReadInput gives finite numbers of sensible size, whatever is played.",
    "Loud noise in recordings.",
    "BlackHole #230",
)
def audio_is_finite(s):
    with s.open() as session:
        for device in _inputs(session):
            level, frame = loudest(play(session, device, 1.0))
            require(level <= _LOUD, f"frame {frame} of the input has the level {level:g}")


@rule(
    "audio-silent-before-writing",
    "What was never written reads as silence: a device with an output gives zeros until somebody plays.",
    "A pop or old audio at the start of every recording.",
    "BlackHole #230",
)
def audio_silent_before_writing(s):
    with s.open() as session:
        for device in _duplex(session):
            Loopback(session, device)
            with session.client(device) as client:
                play_once(client, writes=False)
                heard = device.render(None, frames=20_000, client=client)
            level, frame = loudest(heard)
            if level > _QUIET:
                _is_loopback(session, device)
            require(level <= _QUIET, f"nobody has written, and frame {frame} of the input has the level {level:g}")


def _is_loopback(session, device):
    """Skip for a device whose input is another source than its output."""
    with session.client(device) as client:
        Loopback(session, device).reference(client)


@rule(
    "audio-silent-after-writing",
    f"When the writer stops, a reader that goes on gets silence after {_TAIL:g} s at the latest.",
    "The last second of audio repeats for ever.",
    "BGM #217, #218; SoundPusher #1",
)
def audio_silent_after_writing(s):
    with s.open() as session:
        for device in _duplex(session):
            with session.client(device, pid=1) as reader:
                play_once(reader, writes=False)
                with session.client(device, pid=2) as writer:
                    Loopback(session, device).reference(writer)
                    device.render(noise(device, int(device.sample_rate), s.chance), client=writer)
                session.hal.advance(0.01)
                tail = int((_TAIL + device.delay(BUFFER) / device.sample_rate) * device.sample_rate)
                heard = device.render(None, frames=4 * tail + 100_000, client=reader)[tail:]
            level, frame = loudest(heard)
            later = (tail + frame) / device.sample_rate
            require(level <= _QUIET, f"{later:.2f} s after the writer stopped the input has the level {level:g}")


@rule(
    "audio-clean-start",
    "After StopIO and StartIO nothing of the earlier session is read.",
    "A pop, or the end of the last song, at each start.",
    "BlackHole #230, CHANGELOG 0.2.8",
)
def audio_clean_start(s):
    with s.open() as session:
        for device in _duplex(session):
            loopback = Loopback(session, device)
            for pause in (0.0, 0.1, 3.0):
                with session.client(device) as client:
                    loopback.reference(client)
                    play(session, device, 0.5, client=client)
                session.hal.advance(pause)
                with session.client(device) as client:
                    play_once(client, writes=False)
                    level, frame = loudest(device.render(None, frames=60_000, client=client))
                shown = f"{pause:g} s after StopIO a new start reads the level {level:g} at frame {frame}"
                require(level <= _QUIET, shown)


@rule(
    "audio-clean-after-rate-change",
    "After a change of the sample rate nothing of the earlier rate is read.",
    "A burst of noise at each change of the sample rate.",
    reference="C6",
)
def audio_clean_after_rate_change(s):
    with s.open() as session:
        for device in _duplex(session):
            old, new = other_rate(device)
            with session.client(device) as client:
                Loopback(session, device).reference(client)
                play(session, device, 0.5, client=client)
                device.set_sample_rate(new)
                play_once(client, writes=False)
                level, frame = loudest(device.render(None, frames=60_000, client=client))
            shown = f"frame {frame} after the change from {old:g} to {new:g} Hz has the level {level:g}"
            require(level <= _QUIET, shown)


def _survives(s, prepare, what):
    """A loopback's response is the same after ``prepare(session, device, client)`` as before."""
    with s.open() as session:
        for device in _duplex(session):
            loopback = Loopback(session, device)
            with session.client(device) as client:
                before = loopback.reference(client)
                prepare(session, device, client)
                for _ in range(2):
                    after = loopback.response(client)
                    shown = f"{what}, a loopback gives back something else"
                    require(same(before, after), f"{shown}: {_difference(before, after)}")


def _difference(before, after):
    first = int(numpy.argmax(numpy.abs(after - before).max(axis=1) > 1e-4))
    level, frame = loudest(after - before)
    return f"from frame {first} on, by {level:.2g} at frame {frame}"


def _go_to(session, device, client, frame):
    """Let time pass until the burst of the next response crosses sample time ``frame``."""
    now = client.engine.state["time"]
    ahead = frame - now - Loopback.SETTLE - Loopback.BURST // 2 - BUFFER
    session.hal.advance(ahead / device.sample_rate)


@rule(
    "audio-after-12-hours",
    f"Audio passes unchanged where sample times cross 2^31 = {_HALF:,} frames (12.4 hours at 48 kHz).",
    "Silence or noise after half a day.",
    "raspdif #3, oboe #1852",
)
def audio_after_12_hours(s):
    _survives(s, partial(_go_to, frame=_HALF), "where sample times cross 2^31")


@rule(
    "audio-after-25-hours",
    f"Audio passes unchanged where sample times cross 2^32 = {_WHOLE:,} frames (24.9 hours at 48 kHz).",
    "Silence or noise after a day.",
    "raspdif #3, oboe #1852",
)
def audio_after_25_hours(s):
    _survives(s, partial(_go_to, frame=_WHOLE), "where sample times cross 2^32")


@rule(
    "audio-after-skip",
    "After the host skipped cycles (overload), audio passes as before.",
    "After one glitch the sound never comes back.",
)
def audio_after_skip(s):
    def skip(session, device, client):
        for seconds in (0.01, 0.3, 2.5):
            session.hal.advance(seconds)
            play(session, device, 0.05, client=client)

    _survives(s, skip, "after the host skipped cycles")


@rule(
    "audio-after-sleep",
    "After the machine slept (the clock stands still for the driver, or jumps by hours), audio passes as before.",
    "Crackle or silence after waking up.",
    "BGM #626, #674; BlackHole CHANGELOG 0.2.6",
)
def audio_after_sleep(s):
    def jump(session, device, client):
        session.hal.advance(8 * 3600.0)
        play(session, device, 0.05, client=client)

    def stand_still(session, device, client, stops=False):
        session.hal.sleep(3600.0, stops=stops)
        play(session, device, 0.05, client=client)

    _survives(s, jump, "after eight hours without a cycle")
    _survives(s, stand_still, "after an hour of sleep during IO")
    _survives(s, partial(stand_still, stops=True), "after an hour of sleep between StopIO and StartIO")


@rule(
    "audio-odd-counts",
    "Audio passes unchanged in cycles of odd and varying frame counts.",
    "Crackle in aggregate devices with drift correction.",
    "BlackHole #539, #100, #448",
)
def audio_odd_counts(s):
    with s.open() as session:
        for device in _duplex(session):
            loopback = Loopback(session, device)
            with session.client(device) as client:
                before = loopback.reference(client)
                for jitter in ((1, 511), [511, 512, 513], [1, 2, 3, 509]):
                    after = loopback.response(client, jitter=jitter, seed=s.chance.getrandbits(16))
                    shown = f"with {jitter} frames per cycle a loopback gives back something else"
                    require(same(before, after), f"{shown}: {_difference(before, after)}")


@rule(
    "audio-mixed-clients",
    "What two clients play at once, and the host mixes, comes back as when one client plays the mix.",
    "Two applications together are too loud, or one of them is silent.",
    "BGM TODO",
)
def audio_mixed_clients(s):
    with s.open() as session:
        for device in _duplex(session):
            with session.client(device) as client:
                Loopback(session, device).reference(client)
            one, other = (0.5 * noise(device, 8192, s.chance) for _ in range(2))
            first, second = device.add_client(pid=1), device.add_client(pid=2)
            alone = session.hal.run({first: one + other}, buffer=BUFFER)[first]
            session.hal.advance(1.0)
            both = session.hal.run({first: one, second: other}, buffer=BUFFER)[first]
            shown = "two clients' audio comes back other than their mix"
            require(same(alone, both), f"{shown}: {_difference(alone, both)}")


@rule(
    "audio-readers-agree",
    "Two clients that read the same sample times get the same audio.",
    "Two recordings of one device differ; one of them has gaps.",
    "BGM TODO",
)
def audio_readers_agree(s):
    with s.open() as session:
        for device in _duplex(session):
            with session.client(device, pid=1) as first, session.client(device, pid=2) as second:
                Loopback(session, device).reference(first)
                play_once(second, writes=False)
                device.cycle(noise(device, BUFFER, s.chance), client=first)
                device.cycle(client=second, frames=BUFFER)
                for _ in range(20):
                    ours = device.cycle(noise(device, BUFFER, s.chance), client=first)
                    theirs = device.cycle(client=second, frames=BUFFER)
                    shift = first.engine.state["input_time"] - second.engine.state["input_time"]
                    common = BUFFER - abs(shift)
                    if common > 0:
                        one, other = ours[max(-shift, 0):][:common], theirs[max(shift, 0):][:common]
                        require(same(one, other), "two clients read different audio at the same sample times")


@rule(
    "audio-large-buffers",
    "A loopback gives back the same with buffers of 16 frames and of 3/8 of the period ('ring').",
    "Silence or crackle in applications with large buffers.",
    "BlackHole #539, #100, #448",
)
def audio_large_buffers(s):
    with s.open() as session:
        for device in _duplex(session):
            loopback = Loopback(session, device)
            with session.client(device) as client:
                before = loopback.reference(client)
            for buffer in (16, 4096, device.period * 3 // 8):
                loopback.buffer = buffer
                with session.client(device) as client:
                    after = loopback.response(client)
                shown = f"with buffers of {buffer} frames a loopback gives back something else"
                require(same(before, after), f"{shown}: {_difference(before, after)}")


@rule(
    "audio-every-format",
    "A loopback gives back the same, but for rounding, in every format that its streams offer.",
    "Noise in one of the formats of Audio MIDI Setup.",
    "tympan-aspl E12",
)
def audio_every_format(s):
    with s.open() as session:
        for device in _duplex(session):
            loopback = Loopback(session, device)
            with session.client(device) as client:
                before = loopback.reference(client)
            for stream, fmt in each_format(session, device):
                with session.client(device) as client:
                    after = loopback.response(client)
                step = 2.0 ** (2 - fmt.bits) + 1e-4
                shown = f"with {fmt} in stream {stream.id} a loopback gives back something else"
                require(numpy.allclose(before, after, atol=step), f"{shown}: {_difference(before, after)}")


@rule(
    "audio-integers-saturate",
    "Float audio beyond full scale that comes back as integers is full scale, with its sign.",
    "Loud cracks where audio is a little too loud.",
    "tympan-aspl E12",
)
def audio_integers_saturate(s):
    with s.open() as session:
        tried = 0
        for device in _duplex(session):
            soft, loud = (Loopback(session, device, level=level) for level in (1.0, 3.0))
            with session.client(device) as client:
                before = soft.reference(client)
            loud.burst = 3.0 * soft.burst
            for stream, fmt in each_format(session, device):
                if fmt.kind == "float32" or stream.direction != INPUT:
                    continue
                tried += 1
                with session.client(device) as client:
                    after = loud.response(client)
                turned = numpy.sign(after) * numpy.sign(before) < 0
                turned &= numpy.abs(before) > 0.2
                require(not turned.any(), f"with {fmt} in stream {stream.id} audio beyond full scale changes its sign")
        if not tried:
            raise Skip("no input offers integers")


@rule(
    "audio-unclipped",
    "Float audio above full scale (1.0) passes as it is, where softer audio does.",
    "Loud passages are distorted, although the application turns them down later.",
    "libASPL's VolumeControl",
)
def audio_unclipped(s):
    with s.open() as session:
        for device in _duplex(session):
            if {stream.format.kind for stream in device.streams()} != {"float32"}:
                continue
            soft, loud = Loopback(session, device), Loopback(session, device)
            loud.burst = 8.0 * soft.burst
            with session.client(device) as client:
                before, after = soft.reference(client), loud.response(client)
            cut = numpy.isclose(numpy.abs(after), 1.0, atol=1e-6).sum()
            fine = cut < after.size // 10 or same(8.0 * before, after)
            advise(fine, f"audio of {loudest(loud.burst)[0]:.1f} comes back clipped to 1.0")


@rule(
    "audio-stays-at-its-time",
    "Audio that was written at one sample time is not heard at another one, where nothing was written.",
    "Echoes, or the last buffer over and over.",
    "tympan-aspl E2",
)
def audio_stays_at_its_time(s):
    with s.open() as session:
        for device in _duplex(session):
            loopback = Loopback(session, device)
            with session.client(device) as client:
                loopback.reference(client)
                play(session, device, 1.0, client=client)
                end = client.engine.state["output_time"]
                for stream in device.streams(INPUT):
                    for ahead in (10_000, 100_000, 1_000_000) if stream.format.kind == "float32" else ():
                        data = _direct(session, device, client, stream, "read", float(end + ahead), _blank(stream, 64))
                        level, _ = loudest(numpy.frombuffer(data, numpy.float32).reshape(64, -1))
                        shown = f"{ahead} frames after all that was written the input has the level {level:g}"
                        require(level <= _QUIET, shown)


def _direct(session, device, client, stream, operation, time, data):
    """One DoIOOperation at any sample time: the buffer afterwards."""
    frames = len(data) // stream.format.bytes_per_frame
    buffer, info = ctypes.create_string_buffer(data, len(data)), CycleInfo(1, frames)
    for part in (info.current, info.input, info.output):
        part.sample, part.scalar, part.host, part.flags = time, 1.0, session.hal.now, 7
    session.doing(f"'{operation}' at sample time {time:g}")
    arguments = (device.id, client.id, code(operation), frames, info)
    session.raw.call("BeginIOOperation", *arguments)
    session.raw.call("DoIOOperation", device.id, stream.id, *arguments[1:], buffer, None)
    session.raw.call("EndIOOperation", *arguments)
    return buffer.raw


_TIMES = (-1.0, -511.0, -100_000.0, -(2.0**31) - 7, 2.0**31 - 5, 2.0**32 - 5, 2.0**40, 2.0**52, 0.5, -0.5)


def _blank(stream, frames):
    """Bytes that no audio has: a NaN, where samples are floats."""
    size = stream.format.bytes_per_frame * frames
    return (b"\x5a\xc3\xa5\x7f" * (size // 4 + 1))[:size]


@rule(
    "audio-any-sample-time",
    "ReadInput and WriteMix at any sample time, negative, fractional or beyond 2^32, crash nothing and give audio.",
    "The sound system crashes when a device starts, or noise.",
    "BlackHole 4535, proxy-audio-device",
    isolated=True,
)
def audio_any_sample_time(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device) as client:
                for time in _TIMES:
                    for stream in device.streams(OUTPUT):
                        silence = bytes(stream.format.bytes_per_frame * 64)
                        _direct(session, device, client, stream, "rite", time, silence)
                    for stream in device.streams(INPUT):
                        data = _direct(session, device, client, stream, "read", time, _blank(stream, 64))
                        if stream.format.kind == "float32":
                            level, frame = loudest(numpy.frombuffer(data, numpy.float32).reshape(64, -1))
                            require(level <= _LOUD, f"'read' at sample time {time:g}: frame {frame} is {level:g}")


@rule(
    "audio-negative-times",
    "ReadInput at a negative sample time, where nothing was written, gives silence and never other audio.",
    "Old audio at the start of a recording.",
    "BlackHole 4535",
)
def audio_negative_times(s):
    with s.open() as session:
        for device in _duplex(session):
            loopback = Loopback(session, device)
            with session.client(device) as client:
                loopback.reference(client)
                play(session, device, 0.5, client=client)
                written = client.engine.state["output_time"]
                _silent_below_zero(session, device, client, (-64, -4096, 1000 - written))
            with session.client(device) as client:
                _silent_below_zero(session, device, client, (-64, -4096, 1000 - written))


def _silent_below_zero(session, device, client, times):
    for stream in device.streams(INPUT):
        for time in times if stream.format.kind == "float32" else ():
            data = _direct(session, device, client, stream, "read", float(time), _blank(stream, 64))
            level, _ = loudest(numpy.frombuffer(data, numpy.float32).reshape(64, -1))
            require(level <= _QUIET, f"'read' at sample time {time:g} gives audio of the level {level:g}")
