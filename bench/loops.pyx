# cython: language_level=3
"""What one operation of each realtime primitive costs, as IO code calls it: function(count) -> ns per operation."""

from libc.stdint cimport uint64_t

from tympan cimport DoubleBuffer, LogSink, Parameter, SampleRing, SmoothedParameter, StructRing
from tympan._log_sink cimport ty_mpsc_pop


cdef extern from "time.h" nogil:
    struct timespec:
        long tv_sec
        long tv_nsec
    int clock_gettime(int clock, timespec* time)
    int CLOCK_MONOTONIC


cdef struct Record:
    uint64_t[2] words


cdef struct Coefficients:
    double[12] values


cdef inline double now() noexcept nogil:
    cdef timespec time
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1e9 + time.tv_nsec


def parameter_get(size_t count):
    cdef Parameter parameter = Parameter(0.5)
    cdef double total = 0, start
    cdef size_t _i
    with nogil:
        start = now()
        for _i in range(count):
            total += parameter.get()
        start = (now() - start) / count
    return start if total else 0


def parameter_set(size_t count):
    cdef Parameter parameter = Parameter(0.5)
    cdef double start
    cdef size_t _i
    with nogil:
        start = now()
        for _i in range(count):
            parameter.set(_i)
        start = (now() - start) / count
    return start


cdef double _next(SmoothedParameter parameter, size_t count):
    cdef double start
    cdef float total = 0
    cdef size_t _i
    with nogil:
        start = now()
        for _i in range(count):
            total += parameter.next()
        start = (now() - start) / count
    return start if total else 0


def next_settled(size_t count):
    return _next(SmoothedParameter(0.5), count)


def next_on_a_ramp(size_t count):
    parameter = SmoothedParameter(0.5, 3_000_000)
    parameter.value = 0.75
    return _next(parameter, count)


def next_exponential(size_t count):
    parameter = SmoothedParameter(0.5, 3_000_000, curve="exponential")
    parameter.value = 0.75
    return _next(parameter, count)


cdef double _apply(SmoothedParameter parameter, size_t count):
    cdef float[1024] samples
    cdef double start
    cdef size_t i, _i
    with nogil:
        for i in range(1024):
            samples[i] = 1
        start = now()
        for _i in range(count):
            parameter.apply(samples, samples, 512, 2)
        start = (now() - start) / count
    return start


def apply_settled(size_t count):
    return _apply(SmoothedParameter(1.0), count)


def apply_on_a_ramp(size_t count):
    parameter = SmoothedParameter(1.0, 3_000_000)
    parameter.value = 0.9999
    return _apply(parameter, count)


def sample_ring(size_t count):
    cdef SampleRing ring = SampleRing(2, 1000)
    cdef float[1024] samples
    cdef double start
    cdef size_t i, _i
    with nogil:
        for i in range(1024):
            samples[i] = 1
        start = now()
        for _i in range(count):
            ring.push(samples, 512)
            ring.pop(samples, 512)
        start = (now() - start) / count
    return start


def struct_ring(size_t count):
    cdef StructRing ring = StructRing(sizeof(Record), 1000)
    cdef Record record
    cdef double start
    cdef size_t _i
    record.words = [1, 2]
    with nogil:
        start = now()
        for _i in range(count):
            ring.push(&record, sizeof(record))
            ring.pop(&record, sizeof(record))
        start = (now() - start) / count
    return start


def double_buffer_load(size_t count):
    cdef DoubleBuffer buffer = DoubleBuffer(sizeof(Coefficients))
    cdef Coefficients coefficients
    cdef double start
    cdef size_t _i
    with nogil:
        start = now()
        for _i in range(count):
            buffer.load(&coefficients, sizeof(coefficients))
        start = (now() - start) / count
    return start


def double_buffer_acquire(size_t count):
    cdef DoubleBuffer buffer = DoubleBuffer(sizeof(Coefficients))
    cdef unsigned int ticket
    cdef double start
    cdef size_t _i
    with nogil:
        start = now()
        for _i in range(count):
            buffer.acquire(&ticket)
            buffer.release(ticket)
        start = (now() - start) / count
    return start


def log_try_push(size_t count):
    """The record is taken out again, which the drainer would do."""
    cdef LogSink sink = LogSink(sizeof(Record))
    cdef Record record
    cdef double start
    cdef size_t _i
    record.words = [1, 2]
    with nogil:
        start = now()
        for _i in range(count):
            sink.try_push(&record, sizeof(record))
            ty_mpsc_pop(sink.queue, &record)
        start = (now() - start) / count
    return start


def log_try_push_when_full(size_t count):
    cdef LogSink sink = LogSink(sizeof(Record), capacity=2)
    cdef Record record
    cdef double start
    cdef size_t _i
    record.words = [1, 2]
    with nogil:
        start = now()
        for _i in range(count):
            sink.try_push(&record, sizeof(record))
        start = (now() - start) / count
    return start
