# cython: language_level=3
"""What IO code calls of the realtime primitives, callable from tests: each with the GIL away, as a driver would."""

from libc.stdint cimport uint32_t, uint64_t

from tympan cimport DoubleBuffer, LogSink, Parameter, SampleRing, SmoothedParameter, StructRing


cdef extern from "sched.h" nogil:
    int sched_yield()


cdef struct Pair:
    uint64_t number
    uint64_t mark


# ---- parameters ----

def get(Parameter parameter):
    with nogil:
        value = parameter.get()
    return value


def set_parameter(Parameter parameter, double value):
    with nogil:
        parameter.set(value)


def target(SmoothedParameter parameter):
    with nogil:
        value = parameter.get()
    return value


def set_target(SmoothedParameter parameter, double value):
    with nogil:
        parameter.set(value)


def next_values(SmoothedParameter parameter, float[::1] values):
    cdef Py_ssize_t i
    with nogil:
        for i in range(values.shape[0]):
            values[i] = parameter.next()


def fill(SmoothedParameter parameter, float[::1] values):
    with nogil:
        parameter.fill(&values[0], values.shape[0])


def apply(SmoothedParameter parameter, float[:, ::1] output, const float[:, ::1] samples):
    with nogil:
        parameter.apply(&output[0, 0], &samples[0, 0], samples.shape[0], samples.shape[1])


# ---- rings ----

def push(SampleRing ring, const float[:, ::1] samples):
    with nogil:
        count = ring.push(&samples[0, 0], samples.shape[0])
    return count


def pop(SampleRing ring, float[:, ::1] samples):
    with nogil:
        count = ring.pop(&samples[0, 0], samples.shape[0])
    return count


def pop_padded(SampleRing ring, float[:, ::1] samples):
    with nogil:
        count = ring.pop_padded(&samples[0, 0], samples.shape[0], samples.shape[1])
    return count


def discard(SampleRing ring, size_t frames):
    with nogil:
        count = ring.discard(frames)
    return count


def room_and_available(SampleRing ring):
    with nogil:
        room, available = ring.room(), ring.available()
    return room, available


def push_struct(StructRing ring, bytes item):
    cdef const char* data = item
    cdef size_t size = len(item)
    with nogil:
        done = ring.push(data, size)
    return bool(done)


def pop_struct(StructRing ring, size_t size):
    """The struct's bytes, or None."""
    cdef bytearray room = bytearray(b"\xAA" * size)
    cdef char* data = room
    with nogil:
        done = ring.pop(data, size)
    return bytes(room) if done else None


def produce(StructRing ring, uint64_t count):
    """Push `count` pairs, waiting for room as IO code never would."""
    cdef Pair pair
    cdef uint64_t n
    with nogil:
        for n in range(count):
            pair.number, pair.mark = n, n * 3
            while not ring.push(&pair, sizeof(pair)):
                sched_yield()


def consume(StructRing ring, uint64_t count):
    """Pop `count` pairs; how many were wrong."""
    cdef Pair pair
    cdef uint64_t n, wrong = 0
    with nogil:
        for n in range(count):
            while not ring.pop(&pair, sizeof(pair)):
                sched_yield()
            wrong += pair.number != n or pair.mark != n * 3
    return wrong


# ---- double buffer ----

def load(DoubleBuffer buffer, size_t size):
    """(version, bytes)."""
    cdef bytearray room = bytearray(b"\xAA" * size)
    cdef char* data = room
    with nogil:
        version = buffer.load(data, size)
    return version, bytes(room)


def store(DoubleBuffer buffer, bytes block):
    buffer.store(<const char*>block, len(block))


cdef class Reader:
    """A reader that stays: acquire ... release."""
    cdef DoubleBuffer buffer
    cdef uint32_t ticket
    cdef const char* block

    def __init__(self, DoubleBuffer buffer):
        self.buffer = buffer
        with nogil:
            self.block = <const char*>self.buffer.acquire(&self.ticket)

    def read(self):
        return None if self.block is NULL else self.block[:self.buffer.size]

    @property
    def side(self):
        """The counter at which this reader has arrived."""
        return self.ticket & 1

    def release(self):
        with nogil:
            self.buffer.release(self.ticket)


# ---- log ----

def try_push(LogSink sink, bytes record):
    cdef const char* data = record
    cdef size_t size = len(record)
    with nogil:
        done = sink.try_push(data, size)
    return bool(done)


def try_push_many(LogSink sink, uint64_t who, uint64_t count):
    """Push pairs until `count` were taken; how many attempts were in vain."""
    cdef Pair pair
    cdef uint64_t n, vain = 0
    with nogil:
        for n in range(count):
            pair.number, pair.mark = n, who
            while not sink.try_push(&pair, sizeof(pair)):
                vain += 1
                sched_yield()
    return vain


# ---- a field that was never set ----

def on_none():
    """Every method of IO code on None: what it answers and what it leaves behind."""
    cdef Parameter parameter = None
    cdef SmoothedParameter smoothed = None
    cdef SampleRing ring = None
    cdef StructRing structs = None
    cdef DoubleBuffer buffer = None
    cdef LogSink sink = None
    cdef float[4] samples = [1, 2, 3, 4]
    cdef float[4] output = [1, 2, 3, 4]
    cdef float[4] padded = [1, 2, 3, 4]
    cdef float[4] kept = [1, 2, 3, 4]
    cdef Pair pair = Pair(7, 8)
    cdef Pair block = Pair(7, 8)
    cdef uint32_t ticket = 9
    cdef double answers = 0
    with nogil:
        parameter.set(1)
        smoothed.set(1)
        answers += parameter.get() + smoothed.get() + smoothed.next()
        smoothed.fill(samples, 4)
        smoothed.apply(output, kept, 2, 2)
        answers += ring.push(kept, 2) + ring.pop(kept, 2) + ring.pop_padded(padded, 2, 2)
        answers += ring.discard(2) + ring.available() + ring.room()
        answers += structs.push(&pair, sizeof(pair)) + structs.pop(&pair, sizeof(pair)) + structs.available()
        answers += buffer.load(&block, sizeof(block)) + (buffer.acquire(&ticket) is not NULL)
        buffer.release(ticket)
        answers += sink.try_push(&pair, sizeof(pair))
    left = list(samples), list(output), list(padded), list(kept), (pair.number, pair.mark), block.number, ticket
    return answers, left
