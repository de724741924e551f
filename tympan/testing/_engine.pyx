# cython: language_level=3
"""The IO engine of the simulated HAL: cycles of one client on one device, and loops that measure.

A driver is given by the address of its AudioServerPlugInDriverRef. What the
numbers mean is in host_engine.h; _io and _render make objects and errors of them.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
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

    ctypedef struct host_will:
        bint will, in_place

    ctypedef struct host_stream:
        AudioObjectID id
        int kind
        UInt32 channels, first, bytes_per_frame

    ctypedef struct host_latency:
        uint64_t buckets[6][656]
        uint64_t most[6]

    ctypedef struct host_mix:
        bint waits
        int count, fresh

    ctypedef struct host_engine:
        AudioServerPlugInDriverRef driver
        AudioObjectID device
        UInt32 client, mix_client
        double ticks_per_frame, tolerance, ns_per_tick
        UInt32 nominal, period, input_safety, output_safety, capacity
        host_will* ops
        bint paced
        int input_count, output_count
        UInt32 input_channels, output_channels
        host_stream* inputs
        host_stream* outputs
        bint anchored, synced, middle
        double stamp_sample
        uint64_t stamp_host, seed, anchors, skipped_periods, counter, cycles, late
        bint idle
        int64_t time, input_time, output_time
        host_latency* latency
        host_mix* mix
        host_mix own_mix
        int fault
        OSStatus status
        UInt32 operation
        const char* call
        double* facts
        uint64_t* ticks

    ctypedef struct host_job:
        host_engine* e
        const UInt32* counts
        size_t count, index
        const float* output
        float* input
        UInt32 input_channels, output_channels
        bint held

    int HOST_OPS, OP_READ, OP_PROCESS_INPUT, OP_PROCESS_OUTPUT, OP_WRITE, OP_CYCLE
    int HOST_CLIENTS, MEASURES, LATENCY_BUCKETS
    int engine_inside
    bint engine_collects
    const ana_api* engine_guard
    int engine_stamp(host_engine* e)
    int engine_first_stamp(host_engine* e)
    int engine_thread(host_engine* e, bint begins)
    void engine_sync(host_engine* e)
    void engine_skip(host_engine* e, int64_t frames)
    void engine_forget_place(host_engine* e)
    void engine_plan(host_engine* e)
    int engine_run(host_engine* e, const UInt32* counts, size_t count, const float* output, float* input)
    int engine_allocate(host_engine* e, UInt32 frames)
    void engine_free(host_engine* e)
    void engine_open(host_engine* e)
    void engine_close(host_engine* e)
    int mix_allocate(host_mix* m, UInt32 channels, UInt32 frames)
    void mix_join(host_mix* m, host_engine* e)
    void mix_leave(host_mix* m, host_engine* e)
    void mix_open(host_mix* m)
    void mix_close(host_mix* m)
    host_job* jobs_run(host_job** jobs, int count)
    int jobs_interleave(host_job** jobs, int count, int others, uint64_t* state, uint64_t* steps)
    bint job_is_over(const host_job* job)
    uint64_t next_number(uint64_t* state)


cdef extern from "host_bench.h" nogil:
    double bench_run(host_engine* e, int what, uint64_t count, UInt32 frames, const ana_api* guard, OSStatus* status)
    double bench_property(AudioServerPlugInDriverRef driver, AudioObjectID object,
                          const AudioObjectPropertyAddress* address, int is_reference, uint64_t count, OSStatus* status)
    double bench_memcpy(size_t bytes, uint64_t count)


FAULTS = (
    None, "stamp-status", "stamp-future", "stamp-backwards", "stamp-spacing", "stamp-moved", "stamp-rate",
    "stamp-stale", "operation-status", "unfilled", "guard", "realtime", "secondary",
    "channels",
)

#: Operations in the order of a cycle, as Engine.promise takes the answers of WillDoIOOperation.
OPERATIONS = ("thrd", "cycl", "read", "cinp", "pinp", "pout", "mixo", "pmix", "cmix", "rite")

#: What Engine.latencies has histograms of: the calls, how late a thread wakes, and a whole cycle.
MEASURED = ("stamp", "begin", "do", "end", "wake", "cycle")


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


cdef class Mix:
    """The mix of one device while clients play together; the output of each joined Engine goes into it."""

    cdef host_mix m

    def __cinit__(self):
        mix_open(&self.m)

    def __dealloc__(self):
        mix_close(&self.m)

    def allocate(self, UInt32 channels, UInt32 frames, bint waits):
        """Room for ``frames`` of difference between clients. ``waits``: for every one of them, as virtual time
        can; otherwise for one buffer."""
        if mix_allocate(&self.m, channels, frames):
            raise MemoryError
        self.m.waits = waits


cdef class Engine:
    """IO cycles of one client on one device. One thread at a time may run it.

    ``inputs`` and ``outputs`` of configure() are (stream id, sample kind, channels,
    first channel, bytes per frame) each; kinds are 0 float32, 1 int16, 2 int24, 3 int32,
    4 what only the driver can convert.
    """

    cdef host_engine e
    cdef dict promised
    cdef Mix mix

    def __init__(self, uintptr_t driver, UInt32 device, UInt32 client):
        self.e.driver = <AudioServerPlugInDriverRef>driver
        self.e.device = device
        self.e.client = client
        self.e.tolerance = 0.001
        self.e.mix_client = client
        self.promised = {}

    def __cinit__(self):
        engine_open(&self.e)

    def __dealloc__(self):
        engine_close(&self.e)

    def configure(self, double ticks_per_frame, UInt32 period, inputs, outputs, channels, safety):
        """The device as its properties describe it now; buffers are as long as before; allocate() makes others.
        ``channels`` and ``safety`` are (input, output)."""
        cdef UInt32 capacity = self.e.capacity
        engine_free(&self.e)
        self.e.ticks_per_frame = ticks_per_frame
        self.e.period = period
        self.e.input_safety, self.e.output_safety = safety
        self.e.input_channels, self.e.output_channels = channels
        self.e.input_count = self._streams(self.e.inputs, inputs)
        self.e.output_count = self._streams(self.e.outputs, outputs)
        self.e.capacity = 0
        if capacity and engine_allocate(&self.e, capacity):
            raise MemoryError
        engine_forget_place(&self.e)
        engine_plan(&self.e)

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

    def promise(self, answers, UInt32 mix_client):
        """What WillDoIOOperation said, {operation: (will do, in place)}; operations of the mix
        carry the client id ``mix_client``."""
        self.promised = dict(answers)
        self.e.mix_client = mix_client
        self.operations(True, True, True)

    def operations(self, bint reads, bint writes, bint cycles_marked):
        """Leave out what was promised for input, for output, or for the cycle itself."""
        cdef int number
        for number, operation in enumerate(OPERATIONS):
            will, in_place = self.promised.get(operation, (False, True))
            if OP_READ <= number <= OP_PROCESS_INPUT:
                will = will and reads
            elif OP_PROCESS_OUTPUT <= number <= OP_WRITE:
                will = will and writes
            elif number == OP_CYCLE:
                will = will and cycles_marked
            self.e.ops[number].will, self.e.ops[number].in_place = will, in_place
        engine_plan(&self.e)

    def thread(self, bint begins):
        """BeginIOOperation or EndIOOperation for the thread itself, if promised; the broken rule or None."""
        cdef int fault
        with nogil:
            fault = engine_thread(&self.e, begins)
        return FAULTS[fault]

    def allocate(self, UInt32 nominal, UInt32 largest):
        """Buffers: the size the client chose, and the largest count of frames of a cycle."""
        if nominal != self.e.nominal:
            engine_forget_place(&self.e)
        self.e.nominal = nominal
        if largest > self.e.capacity and engine_allocate(&self.e, largest):
            raise MemoryError

    def stamp(self):
        """One checked GetZeroTimeStamp; the name of the broken rule or None."""
        with nogil:
            engine_first_stamp(&self.e)
        return FAULTS[self.e.fault]

    def resync(self):
        """Let the next cycle begin at the present, with counter 1."""
        engine_forget_place(&self.e)

    def skip(self, int64_t frames):
        """Let the next cycle be so many frames later than the last one's end (negative: earlier): overload."""
        if not self.e.synced:
            raise ValueError("no cycle has been yet")
        engine_skip(&self.e, frames)

    def join(self, Mix mix):
        """Give output to a device's mix; None: to the driver directly, as the only client."""
        if self.mix is not None:
            mix_leave(&self.mix.m, &self.e)
        if mix is not None and mix.m.count >= HOST_CLIENTS:
            raise ValueError(f"at most {HOST_CLIENTS} clients play together")
        self.mix = mix
        if mix is None:
            self.e.mix = &self.e.own_mix
            self.e.own_mix.fresh = 2
        else:
            mix_join(&mix.m, &self.e)

    def idle(self, bint idle):
        """The others' mix does not wait for this client, or does again."""
        self.e.idle = idle

    def measure(self, bint on, double ns_per_tick=1.0):
        """Begin histograms of call durations anew, or stop them."""
        free(self.e.latency)
        self.e.latency = <host_latency*>calloc(1, sizeof(host_latency)) if on else NULL
        self.e.ns_per_tick = ns_per_tick

    @property
    def latencies(self):
        """{what of MEASURED: (counts of the buckets, the most in ns)}, or None."""
        cdef int what, bucket
        if self.e.latency == NULL:
            return None
        found = {}
        for what in range(MEASURES):
            counts = [self.e.latency.buckets[what][bucket] for bucket in range(LATENCY_BUCKETS)]
            found[MEASURED[what]] = counts, self.e.latency.most[what]
        return found

    @property
    def middle(self):
        """Whether a cycle has begun and not ended; only between the calls of interleave()."""
        return bool(self.e.middle)

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
        if not (self.e.ops[OP_READ].will and self.e.input_count):
            return
        if input is None or <size_t>input.shape[0] < total or input.shape[1] != self.e.input_channels:
            raise ValueError(f"input needs room for {total} frames of {self.e.input_channels} channels")

    @property
    def state(self):
        """Everything of the time line, the cycle and the last fault, for messages and tests."""
        cdef int i
        e = &self.e
        return {
            "sample": e.stamp_sample, "host": e.stamp_host, "seed": e.seed, "anchored": bool(e.anchored),
            "anchors": e.anchors, "skipped_periods": e.skipped_periods,
            "time": e.time, "input_time": e.input_time, "output_time": e.output_time,
            "counter": e.counter, "cycles": e.cycles, "synced": bool(e.synced),
            "status": e.status, "operation": e.operation, "call": e.call.decode() if e.call != NULL else "",
            "facts": [e.facts[i] for i in range(4)], "ticks": [e.ticks[i] for i in range(3)], "late": e.late,
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


cdef class Job:
    """Cycles that one Engine is to do beside others: as Engine.run."""

    cdef host_job j
    cdef readonly Engine engine
    cdef object kept

    def __init__(self, Engine engine, const UInt32[::1] counts, const float[:, ::1] output, float[:, ::1] input):
        engine._check_sizes(counts, output, input)
        self.engine = engine
        self.kept = counts, output, input
        engine.e.fault = 0
        self.j.input_channels, self.j.output_channels = engine.e.input_channels, engine.e.output_channels
        self.j.e = &engine.e
        self.j.counts = &counts[0]
        self.j.count = counts.shape[0]
        self.j.output = &output[0, 0] if output is not None and output.size else NULL
        self.j.input = &input[0, 0] if input is not None and input.size else NULL

    @property
    def over(self):
        """Whether all cycles are done, or one has a fault."""
        return bool(job_is_over(&self.j))

    @property
    def fault(self):
        """The name of the broken rule, or None."""
        return FAULTS[self.j.e.fault]

    def hold(self, bint held):
        """Begin no further cycle, or go on."""
        self.j.held = held


cdef int _pointers(list jobs, host_job** pointers) except -1:
    cdef Job job
    if len(jobs) > HOST_CLIENTS:
        raise ValueError(f"at most {HOST_CLIENTS} clients play together")
    for i, job in enumerate(jobs):
        pointers[i] = &job.j
    return <int>len(jobs)


def run_jobs(list jobs):
    """Whole cycles in the order of their times, until one of the jobs is over: that one. None may be over before."""
    cdef host_job* pointers[64]
    cdef int count = _pointers(jobs, pointers)
    cdef host_job* over
    with nogil:
        over = jobs_run(pointers, count)
    return next(job for job in jobs if &(<Job>job).j == over)


cdef class Chance:
    """The numbers of one seed; ``steps`` counts the choices that were made with them."""

    cdef uint64_t state
    cdef readonly uint64_t steps

    def __init__(self, uint64_t seed):
        self.state = seed

    def below(self, uint64_t count):
        """A number from 0 to count - 1."""
        self.steps += 1
        return next_number(&self.state) % count


def interleave(list jobs, int others, Chance chance):
    """Single calls of jobs that are not over, in an order by chance: the number of the one among ``others``
    that is next, -2 when a job is over, -1 when nobody can go on."""
    cdef host_job* pointers[64]
    cdef int count = _pointers(jobs, pointers)
    cdef int result
    with nogil:
        result = jobs_interleave(pointers, count, others, &chance.state, &chance.steps)
    return result


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
