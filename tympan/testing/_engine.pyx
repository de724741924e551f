# cython: language_level=3
"""The IO engine of the simulated HAL: cycles of one client on one device, and loops that measure.

A driver is given by the address of its AudioServerPlugInDriverRef. What the
numbers mean is in host_engine.h; _io and _render make objects and errors of them.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memset

from tympan.coreaudio cimport (
    AudioObjectID, AudioObjectPropertyAddress, AudioServerPlugInDriverRef, OSStatus, UInt32,
)


cdef extern from "host_guard.h" nogil:
    enum:
        ANA_API_VERSION
    const char* ANA_CAPSULE
    ctypedef struct api_version "ana_api":
        uint32_t version
    void guard_ready(const ana_api* guard)

cdef extern from "Python.h":
    void* PyCapsule_GetPointer(object capsule, const char* name) except NULL

cdef extern from "host_engine.h" nogil:
    enum:
        HOST_STREAMS

    ctypedef struct host_stream:
        AudioObjectID id
        int kind
        UInt32 channels, first, bytes_per_frame

    ctypedef struct host_engine:
        AudioServerPlugInDriverRef driver
        AudioObjectID device
        UInt32 client
        double ticks_per_frame, tolerance
        UInt32 nominal, period, input_safety, output_safety, capacity
        bint reads, writes, cycles_marked, paced
        int input_count, output_count
        UInt32 input_channels, output_channels
        host_stream* inputs
        host_stream* outputs
        bint anchored, synced
        double stamp_sample
        uint64_t stamp_host, seed, anchors, skipped_periods, counter, cycles
        int64_t time, input_time, output_time
        int fault
        OSStatus status
        UInt32 operation
        const char* call
        double* facts
        uint64_t* ticks

    int engine_inside
    bint engine_collects
    const ana_api* engine_guard
    int engine_stamp(host_engine* e)
    int engine_first_stamp(host_engine* e)
    void engine_sync(host_engine* e)
    int engine_run(host_engine* e, const UInt32* counts, size_t count, const float* output, float* input)
    int engine_allocate(host_engine* e, UInt32 frames)
    void engine_free(host_engine* e)


cdef extern from "host_bench.h" nogil:
    double bench_run(host_engine* e, int what, uint64_t count, UInt32 frames, const ana_api* guard, OSStatus* status)
    double bench_property(AudioServerPlugInDriverRef driver, AudioObjectID object,
                          const AudioObjectPropertyAddress* address, int is_reference, uint64_t count, OSStatus* status)
    double bench_memcpy(size_t bytes, uint64_t count)


FAULTS = (
    None, "stamp-status", "stamp-future", "stamp-backwards", "stamp-spacing", "stamp-moved", "stamp-rate",
    "stamp-stale", "operation-status", "unfilled", "guard", "realtime",
)


def set_guard(capsule, bint collects=False):
    """Guard the realtime calls of all engines and tables with assert_no_alloc's C interface, or with nothing (None).

    A run ends after a cycle with a forbidden call, unless ``collects``. ImportError when the
    interface is another one than this module was compiled for. Call it while no cycle runs.
    """
    global engine_guard, engine_collects
    cdef const ana_api* api = NULL
    if capsule is not None:
        api = <const ana_api*>PyCapsule_GetPointer(capsule, ANA_CAPSULE)
        if (<const api_version*>api).version != ANA_API_VERSION:
            raise ImportError(f"C API version {(<const api_version*>api).version}, compiled for {ANA_API_VERSION}")
    engine_guard = api
    engine_collects = collects


cdef class Engine:
    """IO cycles of one client on one device. One thread at a time may run it.

    ``inputs`` and ``outputs`` of configure() are (stream id, sample kind, channels,
    first channel, bytes per frame) each; kinds are 0 float32, 1 int16, 2 int24, 3 int32.
    """

    cdef host_engine e

    def __init__(self, uintptr_t driver, UInt32 device, UInt32 client):
        self.e.driver = <AudioServerPlugInDriverRef>driver
        self.e.device = device
        self.e.client = client
        self.e.tolerance = 0.001

    def __dealloc__(self):
        engine_free(&self.e)

    def configure(self, double ticks_per_frame, UInt32 period, inputs, outputs, channels, safety):
        """The device as its properties describe it now; buffers follow with allocate().
        ``channels`` and ``safety`` are (input, output)."""
        engine_free(&self.e)
        self.e.ticks_per_frame = ticks_per_frame
        self.e.period = period
        self.e.input_safety, self.e.output_safety = safety
        self.e.input_channels, self.e.output_channels = channels
        self.e.input_count = self._streams(self.e.inputs, inputs)
        self.e.output_count = self._streams(self.e.outputs, outputs)
        self.e.capacity = 0
        self.e.synced = False

    cdef _streams(self, host_stream* streams, described):
        if len(described) > HOST_STREAMS:
            raise ValueError(f"at most {HOST_STREAMS} streams per direction")
        for i in range(HOST_STREAMS):
            memset(&streams[i], 0, sizeof(host_stream))
        for i, (stream, kind, count, first, bytes_per_frame) in enumerate(described):
            streams[i].id, streams[i].kind, streams[i].channels = stream, kind, count
            streams[i].first, streams[i].bytes_per_frame = first, bytes_per_frame
        return len(described)

    def pace(self, bint paced):
        """Whether a cycle waits for its time (with the virtual clock: moves it there)."""
        self.e.paced = paced

    def operations(self, bint reads, bint writes, bint cycles_marked):
        """What WillDoIOOperation said of ReadInput, WriteMix and Cycle."""
        self.e.reads, self.e.writes, self.e.cycles_marked = reads, writes, cycles_marked

    def allocate(self, UInt32 nominal, UInt32 largest):
        """Buffers: the size the client chose, and the largest count of frames of a cycle."""
        if nominal != self.e.nominal:
            self.e.synced = False
        self.e.nominal = nominal
        if largest > self.e.capacity and engine_allocate(&self.e, largest):
            raise MemoryError

    def stamp(self):
        """One checked GetZeroTimeStamp; the name of the broken rule or None."""
        cdef int fault
        with nogil:
            fault = engine_first_stamp(&self.e)
        return FAULTS[fault]

    def resync(self):
        """Let the next cycle begin at the present, with counter 1."""
        self.e.synced = False

    def remember(self, double sample, uint64_t host, uint64_t seed):
        """Take over the device's time line from another client: the next stamp is compared with it."""
        self.e.stamp_sample, self.e.stamp_host, self.e.seed = sample, host, seed
        self.e.anchored = True

    @property
    def line(self):
        """The last stamp as (sample, host, seed), or None."""
        return (self.e.stamp_sample, self.e.stamp_host, self.e.seed) if self.e.anchored else None

    def run(self, const UInt32[::1] counts, const float[:, ::1] output, float[:, ::1] input):
        """Cycles of counts[i] frames; the name of the broken rule or None. Releases the GIL.

        ``output`` (frames, output channels) or None for silence, ``input`` (frames, input
        channels); both as long as the sum of the counts.
        """
        cdef const float* out = &output[0, 0] if output is not None and output.size else NULL
        cdef float* into = &input[0, 0] if input is not None and input.size else NULL
        cdef const UInt32* c = &counts[0]
        cdef size_t count = counts.shape[0]
        cdef int fault
        self._check_sizes(counts, output, input)
        with nogil:
            fault = engine_run(&self.e, c, count, out, into)
        return FAULTS[fault]

    def _check_sizes(self, const UInt32[::1] counts, const float[:, ::1] output, float[:, ::1] input):
        cdef size_t total = 0
        cdef UInt32 frames
        for frames in counts:
            if not 0 < frames <= self.e.capacity:
                raise ValueError(f"a cycle of {frames} frames, with buffers of {self.e.capacity}")
            total += frames
        if output is not None and output.size and output.shape[1] != self.e.output_channels:
            raise ValueError(f"output has {output.shape[1]} channels, not {self.e.output_channels}")
        if output is not None and output.size and <size_t>output.shape[0] < total:
            raise ValueError(f"output has {output.shape[0]} frames, not {total}")
        if not (self.e.reads and self.e.input_count):
            return
        if input is None or <size_t>input.shape[0] < total or input.shape[1] != self.e.input_channels:
            raise ValueError(f"input needs room for {total} frames of {self.e.input_channels} channels")

    @property
    def state(self):
        """Everything of the time line, the cycle and the last fault, for messages and tests."""
        e = &self.e
        return {
            "sample": e.stamp_sample, "host": e.stamp_host, "seed": e.seed, "anchored": bool(e.anchored),
            "anchors": e.anchors, "skipped_periods": e.skipped_periods,
            "time": e.time, "input_time": e.input_time, "output_time": e.output_time,
            "counter": e.counter, "cycles": e.cycles, "synced": bool(e.synced),
            "status": e.status, "operation": e.operation, "call": e.call.decode() if e.call != NULL else "",
            "facts": [e.facts[0], e.facts[1], e.facts[2]], "ticks": [e.ticks[0], e.ticks[1], e.ticks[2]],
            "period": e.period, "ticks_per_frame": e.ticks_per_frame,
        }

    def bench(self, str what, uint64_t count, UInt32 frames, bint guarded=False):
        """ns per call of ``what`` (stamp, cycle, write, read), and the or of all statuses.

        ``guarded`` enters and leaves the guard around every call, as cycles do.
        """
        cdef int number = ("stamp", "cycle", "write", "read").index(what)
        cdef const ana_api* guard = engine_guard if guarded else NULL
        cdef OSStatus status
        cdef double seconds
        if frames > self.e.capacity:
            raise ValueError(f"{frames} frames, with buffers of {self.e.capacity}")
        if engine_stamp(&self.e):
            raise ValueError(FAULTS[self.e.fault])
        if not self.e.synced:
            engine_sync(&self.e)
        with nogil:
            guard_ready(guard)
            seconds = bench_run(&self.e, number, count, frames, guard, &status)
        return 1e9 * seconds / count, status


def bench_get_property(
    uintptr_t driver, UInt32 object, UInt32 selector, UInt32 scope, UInt32 element, bint is_reference, uint64_t count
):
    """ns per GetPropertyData (plus CFRelease for a reference), and the or of all statuses."""
    cdef AudioServerPlugInDriverRef ref = <AudioServerPlugInDriverRef>driver
    cdef AudioObjectPropertyAddress address
    cdef OSStatus status
    cdef double seconds
    address.mSelector, address.mScope, address.mElement = selector, scope, element
    with nogil:
        seconds = bench_property(ref, object, &address, is_reference, count, &status)
    return 1e9 * seconds / count, status


def bench_copy(size_t size, uint64_t count):
    """ns per memcpy of ``size`` bytes between two aligned buffers."""
    return 1e9 * bench_memcpy(size, count) / count


cdef bint is_inside() noexcept nogil:
    """Whether this thread is in an IO operation right now: a driver calls its host from none."""
    return engine_inside


cdef const ana_api* current_guard() noexcept nogil:
    """What to guard realtime calls with, or NULL."""
    return engine_guard
