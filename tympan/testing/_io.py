"""Starting, stopping and rendering: the part of Device that moves audio."""

import random
import threading

import numpy

from tympan._errors import UsageError
from tympan.testing._faults import fault_error
from tympan.testing._status import host_error, refused

_KINDS = {"float32": 0, "int16": 1, "int24": 2, "int32": 3}
#: Cycles per stretch of work without the GIL and with the device's lock.
_STRETCH = 256


class DeviceIO:
    """IO methods of Device."""

    def __init__(self):
        self._io_lock = threading.RLock()  # cycles hold it, and so does a configuration change
        self._started = 0  # StartIO calls without their StopIO
        self._line = None  # the last stamp any client saw: a line may end, but its seed may not come again

    # Start and stop

    def start(self, client):
        """StartIO for a client: asks WillDoIOOperation, then starts, by the host's policy
        "per-client" (one StartIO each) or "first-last" (the first client's only)."""
        if client.running:
            raise UsageError("this client is running already")
        with self._io_lock:
            client.ask_operations()
            self._start_io(client)
            try:
                self.configure(client)
                self._first_stamp(client)
            except Exception:
                self._stop_io(client)
                raise

    def _start_io(self, client):
        if self.plugin.hal.policy == "per-client" or self._started == 0:
            status = self.plugin.table.start_io(self.id, client.id)
            if status:
                raise refused(f"StartIO on object {self.id}", status)
            self._started += 1
        client.running = True

    def stop(self, client):
        """StopIO for a client, by the host's policy."""
        if not client.running:
            raise UsageError("this client is not running")
        with self._io_lock:
            self._stop_io(client)

    def _stop_io(self, client):
        client.running = False
        client.engine.resync()
        others = any(other.running for other in self.clients)
        if self.plugin.hal.policy == "first-last" and others:
            return
        self._started -= 1
        status = self.plugin.table.stop_io(self.id, client.id)
        if status:
            raise refused(f"StopIO on object {self.id}", status)

    def _first_stamp(self, client):
        """The clock runs when StartIO returns, so a stamp must be there."""
        if self._line:
            client.engine.remember(*self._line)
        self._check(client, client.engine.stamp())
        self._line = client.engine.line

    def forget_line(self):
        """The clock was set back, so stamps cannot be compared with earlier ones."""
        self._line = None

    def configure(self, client):
        """Give a client's engine the device's rate, period, formats and safety offsets."""
        ticks_per_frame = self.plugin.hal.ticks_per_second / self.sample_rate
        (inputs, input_channels), (outputs, output_channels) = self._layout("inpt"), self._layout("outp")
        channels, safety = (input_channels, output_channels), (self._safety("inpt"), self._safety("outp"))
        client.engine.configure(ticks_per_frame, self.period, inputs, outputs, channels, safety)

    def _safety(self, scope):
        return self.safety_offset(scope) if self.plugin.has(self, "saft", scope) else 0

    def _layout(self, scope):
        layout, first = [], 0
        for stream in self.streams(scope):
            fmt = stream.format
            if stream.direction != scope or stream.first_channel != first + 1:
                raise host_error(
                    f"stream {stream.id}, listed under '{scope}', says direction '{stream.direction}' "
                    f"and first channel {stream.first_channel}, where channel {first + 1} is next"
                )
            if fmt.kind is None:
                raise host_error(f"stream {stream.id} has a format that the simulated host cannot play: {fmt}")
            if stream.is_active:
                layout.append((stream.id, _KINDS[fmt.kind], fmt.channels, first, fmt.bytes_per_frame))
            first += fmt.channels
        return layout, first

    def _check(self, client, fault):
        if fault:
            raise fault_error(self, client, fault)

    # Geometry

    def delay_parts(self, buffer):
        """What delay() is made of, in frames: {"buffers": 2 * buffer, "safety offsets": ..., "reported latency": ...}."""
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
        return self._cycles(client, nominal, numpy.array([frames], numpy.uint32), self._block(output, frames), None)

    def _only_running_client(self):
        running = [client for client in self.clients if client.running]
        if len(running) != 1:
            raise UsageError(f"{len(running)} clients are running; say which one with client=")
        return running[0]

    def _block(self, audio, frames):
        if audio is None or not self.channels("outp"):
            return None
        block = numpy.zeros((frames, self.channels("outp")), numpy.float32)
        data = numpy.asarray(audio, numpy.float32)
        data = data[:, None] if data.ndim == 1 else data
        if data.ndim != 2 or data.shape[1] != block.shape[1]:
            raise UsageError(f"audio of shape {data.shape} for a device with {block.shape[1]} output channels")
        block[: len(data)] = data
        return block

    def _cycles(self, client, nominal, counts, output, progress):
        total = int(counts.sum(dtype=numpy.int64))
        result = numpy.zeros((total, self.channels("inpt")), numpy.float32)
        client.engine_nominal = nominal
        done = 0
        for first in range(0, len(counts), _STRETCH):
            part = counts[first : first + _STRETCH]
            frames = int(part.sum(dtype=numpy.int64))
            block = None if output is None else output[done : done + frames]
            with self._io_lock:
                if not client.running:
                    raise host_error("IO was stopped while cycles ran")
                client.engine.allocate(nominal, max(nominal, int(counts.max())))
                fault = client.engine.run(part, block, result[done : done + frames])
                self._line = client.engine.line
            self._check(client, fault)
            done += frames
            if progress:
                progress(done, total)
        return result

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
        total = int(counts.sum(dtype=numpy.int64))
        if audio is not None:
            audio = audio[:frames]
        own = client is None
        if own:
            client = self.add_client()
        try:
            if own:
                self.start(client)
            return self._cycles(client, buffer, counts, self._block(audio, total), progress)[:frames]
        finally:
            if own:
                self.remove_client(client)
                self.plugin.hal.pump()


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
    counts = []
    while frames > 0:
        count = source[len(counts) % len(source)] if source else choose.randint(low, high)
        counts.append(min(count, frames))
        frames -= counts[-1]
    return numpy.array(counts or [buffer], numpy.uint32)
