"""Several clients on any devices in one go: in virtual time on this thread, in real time on threads of their own."""

import contextlib
import os
import threading

import numpy

from tympan._errors import UsageError
from tympan.testing import _engine
from tympan.testing._latency import Latencies
from tympan.testing._render import _frame_counts, _stretch
from tympan.testing._status import host_error

_STRETCH = 256  # cycles of a client between two looks at what else there is to do
_MIX_FRAMES = 65536  # by which clients of one device may be apart


class Heard(dict):
    """What a run heard: {client: float32 (frames, input channels)}. ``latencies``: Latencies of a run in real
    time, otherwise None."""

    latencies: Latencies | None = None


class _Part:
    """One client's share of a run."""

    def __init__(self, client, audio, frames, buffer, counts):
        device = client.device
        self.client, self.device, self.counts, self.done, self.played = client, device, counts, 0, 0
        self.buffer, self.frames = buffer, frames
        self.audio = device._audio(None if audio is None else audio[:frames])
        total = int(counts.sum(dtype=numpy.int64))
        self.heard = numpy.zeros((total, device.channels("inpt")), numpy.float32)
        client.engine_nominal = buffer

    def allocate(self):
        self.client.engine.allocate(self.buffer, max(self.buffer, int(self.counts.max())))

    def job(self):
        """The next stretch as a job, or None at the end."""
        counts = self.counts[self.done : self.done + _STRETCH]
        if not len(counts):
            return None
        end = self.played + int(counts.sum(dtype=numpy.int64))
        output = _stretch(self.audio, self.played, end - self.played)
        job = _engine.Job(self.client.engine, counts, output, self.heard[self.played : end])
        self.done += len(counts)
        self.played = end
        return job

    def whole(self):
        """All of it, on the client's own thread; the name of the broken rule or None."""
        return self.client.engine.run(self.counts, _stretch(self.audio, 0, len(self.heard)), self.heard)


def run(hal, clients, seconds, frames, buffer, jitter, seed):
    """See Host.run."""
    plays = dict(clients) if isinstance(clients, dict) else dict.fromkeys(clients)
    if not plays:
        raise UsageError("a run needs clients", "hal.run({client: audio}, seconds=1.0)")
    own = [client for client in plays if not client.running]
    try:
        for client in own:
            client.device.start(client)
        parts = []
        for number, (client, audio) in enumerate(plays.items()):
            size = buffer[client] if isinstance(buffer, dict) else buffer
            count = _frames(client, audio, seconds, frames, size)
            parts.append(_Part(client, audio, count, size, _frame_counts(count, size, jitter, seed + number)))
        heard = Heard()
        if hal.clock == "real":
            heard.latencies = _in_real_time(hal, parts)
        else:
            _in_virtual_time(hal, parts)
        heard.update((part.client, part.heard[: part.frames]) for part in parts)
        return heard
    finally:
        for client in own:
            if client.running:
                client.device.stop(client)
        hal.pump()


def _frames(client, audio, seconds, frames, buffer):
    if frames is not None:
        return frames
    if seconds is not None:
        return round(seconds * client.device.sample_rate)
    if audio is None:
        raise UsageError("a run without audio needs seconds= or frames=")
    return len(audio) + client.device.delay(buffer)


@contextlib.contextmanager
def _locked(parts):
    """With the devices' locks, and buffers."""
    devices = sorted({part.device for part in parts}, key=lambda device: (id(device.plugin), device.id))
    with contextlib.ExitStack() as locks:
        for device in devices:
            locks.enter_context(device._io_lock)
        for part in parts:
            if not part.client.running:
                raise host_error("IO was stopped while cycles ran")
        try:
            for part in parts:
                part.allocate()
            yield
        finally:
            for part in parts:
                part.device._line = part.client.engine.line


@contextlib.contextmanager
def _mixing(parts, waits):
    """Clients that share a device give their output to its mix."""
    shared = [part for part in parts if sum(other.device is part.device for other in parts) > 1]
    try:
        for part in shared:
            part.device.mix.allocate(part.device.channels("outp"), _MIX_FRAMES, waits)
        for part in shared:
            part.client.engine.join(part.device.mix)
        yield
    finally:
        for part in shared:
            part.client.engine.join(None)


def _in_virtual_time(hal, parts):
    with _mixing(parts, True):
        of_job = {}
        with _locked(parts):
            of_job = {part.job(): part for part in parts}
        while of_job:
            with _locked(parts):
                over = _engine.run_jobs(list(of_job))
            part = of_job.pop(over)
            part.device._check(part.client, over.fault)
            job = part.job()
            if job:
                of_job[job] = part
            else:
                part.client.engine.join(None)
            hal.settle_due()


# --- real time ---------------------------------------------------------------------


def _in_real_time(hal, parts):
    errors, scheduling, start = [], {}, threading.Barrier(len(parts))

    def play(part):
        try:
            scheduling[part.client] = _realtime_priority()
            start.wait()
            part.device._check(part.client, part.whole())
        except Exception as error:  # carried to the thread that called run()
            errors.append(error)

    threads = [threading.Thread(target=play, args=[part], name=f"tympan-io-{part.client.id}") for part in parts]
    with _mixing(parts, False), _locked(parts):
        for part in parts:
            part.client.engine.measure(True, 1e9 / hal.ticks_per_second)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        measured = {part.client: part.client.engine.latencies for part in parts}
        for part in parts:
            part.client.engine.measure(False)
    if errors:
        raise errors[0]
    return Latencies(measured, scheduling)


def _realtime_priority():
    """SCHED_FIFO for this thread where that is allowed; what it has got, in words."""
    if not hasattr(os, "sched_setscheduler"):
        return "ordinary scheduling: this system has no SCHED_FIFO"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(os.sched_get_priority_max(os.SCHED_FIFO) // 2))
    except OSError as error:
        return f"ordinary scheduling: SCHED_FIFO is not allowed ({error.strerror})"
    return "SCHED_FIFO"
