"""Device: cycles of audio through a started client, and whole renderings."""

import random

import numpy

from tympan._errors import UsageError
from tympan.testing import _engine
from tympan.testing._io import DeviceIO
from tympan.testing._status import host_error

#: Cycles per stretch of work without the GIL and with the device's lock.
_STRETCH = 256


class Device(DeviceIO):
    """One audio device. ``id`` is its AudioObjectID, ``plugin`` the plug-in it belongs to.

    Properties are in DeviceProperties, clients and start and stop in DeviceIO. IO
    methods may be used by one thread per client.
    """

    # Geometry

    def delay_parts(self, buffer):
        """What delay() is made of, in frames, by name: buffers, safety offsets, reported latency."""
        safety = self._safety("inpt") + self._safety("outp")
        latency = sum(self.latency(scope) for scope in ("inpt", "outp") if self.plugin.has(self, "ltnc", scope))
        return {"buffers": 2 * buffer, "safety offsets": safety, "reported latency": latency}

    def delay(self, buffer):
        """Frames from a sample in render()'s ``audio`` to the same one in its result.

        Geometry of the host (two buffers and both safety offsets) plus the
        latencies that the driver reports, by which it delays audio itself.
        """
        return sum(self.delay_parts(buffer).values())

    # Cycles

    def cycle(self, output=None, client=None, frames=None, buffer=None):
        """One IO cycle of a running client: plays ``output``, answers what it read.

        ``output`` is float32 (frames, output channels) or None for silence (then
        ``frames`` says how many); the answer is float32 (frames, input channels).
        ``buffer`` is the client's nominal buffer size, by default the frames of the
        first cycle.
        """
        client = client or self._only_running_client()
        frames = frames if output is None else len(output)
        if not frames:
            raise UsageError("a cycle needs frames: give output or frames")
        nominal = buffer or client.engine_nominal or frames
        return self._cycles(client, nominal, numpy.array([frames], numpy.uint32), self._audio(output), None)

    def _only_running_client(self):
        running = [client for client in self.clients if client.running]
        if len(running) != 1:
            raise UsageError(f"{len(running)} clients are running; say which one with client=")
        return running[0]

    def _audio(self, audio):
        """The audio as float32 (frames, output channels), or None where there is nothing to play."""
        channels = self.channels("outp")
        if audio is None or not channels:
            return None
        data = numpy.ascontiguousarray(audio, numpy.float32)
        data = data[:, None] if data.ndim == 1 else data
        if data.ndim != 2 or data.shape[1] != channels:
            raise UsageError(f"audio of shape {data.shape} for a device with {channels} output channels")
        return data

    def _cycles(self, client, nominal, counts, audio, progress):
        total = int(counts.sum(dtype=numpy.int64))
        result = numpy.zeros((total, self.channels("inpt")), numpy.float32)
        client.engine_nominal = nominal
        largest = max(nominal, int(counts.max()))
        done = 0
        actors = self.plugin.hal.actors
        stretch = len(counts) if actors and actors.current() else _STRETCH
        for first in range(0, len(counts), stretch):
            part = counts[first : first + stretch]
            frames = int(part.sum(dtype=numpy.int64))
            block = _stretch(audio, done, frames)
            fault = self._play(client, nominal, largest, part, block, result[done : done + frames])
            self._check(client, fault)
            done += frames
            if progress:
                progress(done, total)
        return result

    def _play(self, client, nominal, largest, counts, block, into):
        """One stretch of cycles; the name of the broken rule or None."""
        actors = self.plugin.hal.actors
        virtual = actors and actors.current()
        with self._io_lock:
            if not client.running:
                raise host_error("IO was stopped while cycles ran")
            client.engine.allocate(nominal, largest)
            if not virtual:
                fault = client.engine.run(counts, block, into)
                self._line = client.engine.line
                return fault
        job = _engine.Job(client.engine, counts, block, into)
        with actors.mixing(self, client):
            if not actors.play(client, job):
                raise host_error("IO was stopped while cycles ran")
        self._line = client.engine.line
        return job.fault

    def render(self, audio=None, buffer=512, frames=None, jitter=None, seed=0, client=None, progress=None):
        """Play ``audio`` through the device and answer what comes back.

        ``audio``: float32 (frames, output channels), nominally -1 ... 1, or None for a
        microphone. ``buffer``: the client's buffer size in frames. ``frames``: how
        many frames to answer (default: all of ``audio`` plus delay(buffer); needed for
        a microphone). ``jitter``: None for cycles of ``buffer`` frames, True for random
        counts from 1 to ``buffer``, (low, high) for others, or a list of counts that
        is repeated; ``seed`` makes it repeatable. ``client``: a running client to go on
        with; by default one is added, started, stopped and removed.
        ``progress(done, total)`` is called now and then, in frames.

        The answer is float32 (frames, input channels): audio[i] is at result[i +
        delay(buffer)] for a driver that delays by what it reports. HostError when
        the driver breaks a rule.
        """
        if buffer < 1:
            raise UsageError(f"a buffer has at least one frame, not {buffer}")
        if frames is None:
            if audio is None:
                raise UsageError("without audio, render needs frames=")
            frames = len(audio) + self.delay(buffer)
        counts = _frame_counts(frames, buffer, jitter, seed)
        if audio is not None:
            audio = audio[:frames]
        own = client is None
        if own:
            client = self.add_client()
        try:
            if own:
                self.start(client)
            return self._cycles(client, buffer, counts, self._audio(audio), progress)[:frames]
        finally:
            if own:
                self.remove_client(client)
                self.plugin.hal.pump()


def _stretch(audio, first, frames):
    """``frames`` frames from ``first`` on, silent after the end; a view where that is possible."""
    if audio is None:
        return None
    part = audio[first : first + frames]
    missing = frames - len(part)
    return numpy.pad(part, ((0, missing), (0, 0))) if missing else part


def _frame_counts(frames, buffer, jitter, seed):
    """Frames of each cycle, at least ``frames`` together."""
    if jitter is None or jitter is False:
        return numpy.full(-(-frames // buffer) or 1, buffer, numpy.uint32)
    if isinstance(jitter, tuple) or jitter is True:
        low, high = (1, buffer) if jitter is True else jitter
        choose, source = random.Random(seed), None
        if not 1 <= low <= high:
            raise UsageError(f"jitter from {low} to {high} frames")
    else:
        source = list(jitter)
    counts: list[int] = []
    while frames > 0:
        count = source[len(counts) % len(source)] if source else choose.randint(low, high)
        counts.append(min(count, frames))
        frames -= counts[-1]
    return numpy.array(counts or [buffer], numpy.uint32)
