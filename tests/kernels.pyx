# cython: language_level=3
"""The core's inline IO code, callable from tests: clock, ring, sample conversion."""

from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport free

from tympan._clock cimport Clock, Stamp, clock_compute, clock_stamp, clock_start, clock_start_at_rate, clock_stop
from tympan._convert cimport SampleType, from_float, remap_from_float, to_float
from tympan._ring cimport (
    Ring, ring_begin_write, ring_copy_in, ring_end_write, ring_move, ring_slot, ring_still_valid, ring_valid,
)
from tympan._rt cimport ty_audio_alloc


cdef class TestClock:
    cdef Clock clock

    def start(self, anchor, num, den, period):
        clock_start(&self.clock, anchor, num, den, period)

    def start_at_rate(self, anchor, rate, period, ticks_num, ticks_den):
        clock_start_at_rate(&self.clock, anchor, rate, period, ticks_num, ticks_den)

    def stop(self):
        clock_stop(&self.clock)

    def stamp(self, now, cached=True):
        """(sample, host, seed), or None when stopped."""
        cdef Stamp stamp
        cdef bint running
        if cached:
            running = clock_stamp(&self.clock, now, &stamp)
        else:
            running = clock_compute(&self.clock, now, &stamp)
        return (stamp.sample, stamp.host, stamp.seed) if running else None


cdef class TestRing:
    cdef Ring ring

    def __cinit__(self, capacity, frame_bytes, reach=0):
        self.ring.reach = reach
        self.ring.capacity = capacity
        self.ring.frame_bytes = frame_bytes
        self.ring.data = <char*>ty_audio_alloc(capacity * frame_bytes)
        ring_move(&self.ring, 0, 0)

    def __dealloc__(self):
        free(self.ring.data)

    def write(self, int64_t time, bytes data):
        cdef int64_t frames = len(data) // self.ring.frame_bytes
        ring_begin_write(&self.ring, time, frames)
        ring_copy_in(&self.ring, time, data, frames)
        ring_end_write(&self.ring, time + frames)

    def begin(self, int64_t time, int64_t frames):
        ring_begin_write(&self.ring, time, frames)

    def valid(self, int64_t time, int64_t frames):
        """(epoch, first, last) of what can be read."""
        cdef int64_t first = 0, last = 0
        epoch = ring_valid(&self.ring, time, frames, &first, &last)
        return epoch, first, last

    def still_valid(self, uint32_t epoch):
        return ring_still_valid(&self.ring, epoch)

    def read(self, int64_t time, int64_t frames):
        """The frames as the core would deliver them: silence outside what is valid."""
        cdef int64_t run = 0
        _epoch, first, last = self.valid(time, frames)
        size = self.ring.frame_bytes
        out = bytearray(frames * size)
        at = first
        while at < last:
            slot = ring_slot(&self.ring, at, &run)
            run = min(run, last - at)
            out[(at - time) * size:(at - time + run) * size] = slot[:run * size]
            at += run
        return bytes(out)

    @property
    def alignment(self):
        return <size_t>self.ring.data % 64


def convert(kind, const float[::1] samples, bytes_per_sample):
    """float32 to the bytes of `kind`."""
    out = bytearray(len(samples) * bytes_per_sample)
    cdef unsigned char[::1] view = out
    from_float(<SampleType><int>kind, &view[0], &samples[0], len(samples))
    return bytes(out)


def unconvert(kind, const unsigned char[::1] data, float[::1] out):
    to_float(<SampleType><int>kind, &out[0], &data[0], len(out))


def remap(kind, const float[::1] samples, channels, to_channels, bytes_per_sample):
    cdef size_t frames = len(samples) // channels
    out = bytearray(b"\xAA" * (frames * to_channels * bytes_per_sample))
    cdef unsigned char[::1] view = out
    remap_from_float(
        <SampleType><int>kind, <char*>&view[0], to_channels, to_channels * bytes_per_sample,
        &samples[0], channels, frames
    )
    return bytes(out)
