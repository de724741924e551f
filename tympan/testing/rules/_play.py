"""What the rules about clock and IO share: playing, reading without writing, and a loopback's answer."""

import numpy

from tympan.testing.rules._rule import Blocked, Skip
from tympan.testing.rules._table import INPUT, OUTPUT

#: Frames of one buffer where the rule is not about buffers.
BUFFER = 512


def noise(device, frames, chance):
    """White noise for the device's outputs, float32 (frames, channels), or None without an output."""
    channels = device.channels(OUTPUT)
    generator = numpy.random.default_rng(chance.getrandbits(32))
    return generator.uniform(-0.5, 0.5, (frames, channels)).astype(numpy.float32) if channels else None


def play(session, device, seconds=0.5, **options):
    """Cycles that any device can do: noise where it has an output. What it read."""
    frames = max(int(seconds * device.sample_rate), 1)
    return device.render(noise(device, frames, session.subject.chance), frames=frames, **options)


def stamp(session, device, client):
    """One checked GetZeroTimeStamp: (sample, host, seed); a fault is raised as the rule that it breaks."""
    device._check(client, client.engine.stamp())
    return client.engine.line


def play_once(client, reads=True, writes=True):
    """Let a running client's cycles do ReadInput or WriteMix only, as for an application that uses one direction."""
    promised = {operation: answer[0] for operation, answer in client.operations.items()}
    client.engine.operations(promised["read"] and reads, promised["rite"] and writes, promised["cycl"])


def other_rate(device):
    """(its rate, another one that it offers), or Skip."""
    now = device.sample_rate
    for low, high in device.sample_rates:
        for rate in (low, high):
            if rate != now:
                return now, rate
    raise Skip("there is only one sample rate")


def playable(device, stream):
    """The physical formats that a stream offers at the device's rate and that the host can play."""
    rate = device.sample_rate
    offers = [fmt._replace(sample_rate=rate) for fmt, low, high in stream.formats if low <= rate <= high]
    return list(dict.fromkeys(fmt for fmt in offers if fmt.kind))


def each_format(session, device):
    """Sets every stream to each format that it offers, in turn, the others as they are; yields (stream, format)."""
    for stream in device.streams():
        before = stream.format
        for fmt in playable(device, stream):
            if fmt != before:
                stream.set_format(fmt)
                if stream.format != fmt:
                    raise Blocked("stream-format-sets", f"stream {stream.id} does not take {fmt}")
                yield stream, fmt
        if stream.format != before:
            stream.set_format(before)


class Loopback:
    """A device whose input is made of what is written to it. Skip where it is none, or not repeatably so.

    ``response(client)`` plays a burst from the present on and answers what comes back, in line with it.
    """

    SETTLE = 4096  # frames of silence before a burst: filters forget, a delay runs empty
    BURST = 2048

    def __init__(self, session, device, buffer=BUFFER, level=1.0):
        if not device.channels(INPUT) or not device.channels(OUTPUT):
            raise Skip("the device has not both directions")
        self.session, self.device, self.buffer = session, device, buffer
        self.burst = level * noise(device, self.BURST, session.subject.chance)

    def response(self, client, **options):
        """float32 (frames, input channels) that follow the burst; ``options`` as of Device.render."""
        before = numpy.zeros((self.SETTLE, self.device.channels(OUTPUT)), numpy.float32)
        audio = numpy.concatenate([before, self.burst])
        heard = self.device.render(audio, buffer=self.buffer, client=client, **options)
        first = self.SETTLE + self.device.delay(self.buffer)
        return heard[first : first + self.BURST]

    def reference(self, client):
        """The response at the present; Skip where it is silent, or differs the second time."""
        first, second = self.response(client), self.response(client)
        if not numpy.abs(first).max() > 0:
            raise Skip("nothing comes back from the device")
        if not same(first, second):
            raise Skip("the same burst does not come back the same")
        return second


def same(one, other):
    """Whether two responses are equal but for rounding."""
    return one.shape == other.shape and bool(numpy.allclose(one, other, atol=1e-4))


def loudest(audio):
    """(greatest magnitude, its frame) of some audio; NaN counts as infinite."""
    if not audio.size:
        return 0.0, 0
    levels = numpy.abs(numpy.nan_to_num(audio, nan=numpy.inf)).max(axis=1)
    return float(levels.max()), int(levels.argmax())
