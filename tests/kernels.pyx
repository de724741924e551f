# cython: language_level=3
"""The core's inline IO code, callable from tests: clock, ring, sample conversion."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free

from tympan._clock cimport Clock, Stamp, clock_compute, clock_stamp, clock_start, clock_start_at_rate, clock_stop
from tympan._clock cimport step_at_rate
from tympan._convert cimport SampleType, from_float, remap_from_float, to_float
from tympan._moving_clock cimport (
    Given, MovingClock, Pace, moving_start, moving_stamp, moving_stop, present_pace, present_ppm, want_ppm,
)
from tympan._ring cimport (
    Ring, ring_begin_write, ring_copy_in, ring_end_write, ring_move, ring_slot, ring_still_valid, ring_valid,
)
from tympan._rt cimport ty_add_relaxed_u64, ty_audio_alloc, ty_compare_exchange_relaxed_u64
from tympan._servo cimport Servo, frames_since, servo_observe


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


cdef class TestMovingClock:
    """A clock whose rate can be adjusted, and the servo that adjusts it."""
    cdef MovingClock clock
    cdef Servo servo

    def __cinit__(self, limit=1000.0, slew=200.0, bandwidth=0.02, slip=480.0):
        self.clock.limit = <int64_t>(limit * 1e6)
        self.clock.slew = slew * 1e6
        self.clock.until = <uint64_t>0xFFFFFFFFFFFFFFFF
        self.servo.bandwidth = bandwidth * 6.283185307179586
        self.servo.slip = slip

    def start(self, anchor, rate, period, ticks_num, ticks_den):
        cdef uint64_t num, den
        step_at_rate(rate, period, ticks_num, ticks_den, &num, &den)
        self.servo.frames_per_second = rate
        self.servo.ticks_per_second = <double>ticks_num / <double>ticks_den
        moving_start(&self.clock, anchor, num, den, period, period / rate)

    def stop(self):
        moving_stop(&self.clock)

    def stamp(self, now):
        """(sample, host, seed), or None when stopped."""
        cdef Given given
        if not moving_stamp(&self.clock, now, &given):
            return None
        return given.index * self.clock.period, given.host, given.seed

    def race(self, uint64_t[::1] time, uint64_t step, int turns, uint64_t[::1] hosts):
        """Ask without the GIL, as time goes on: how often a stamp went back, or had another host time than before."""
        cdef Given given
        cdef uint64_t last = 0, was
        cdef int wrong = 0
        with nogil:
            for _ in range(turns):
                if not moving_stamp(&self.clock, ty_add_relaxed_u64(&time[0], step), &given):
                    break
                if given.index < last or given.index >= <uint64_t>hosts.shape[0]:
                    wrong += 1
                    continue
                last = given.index
                was = 0
                if not ty_compare_exchange_relaxed_u64(&hosts[last], &was, given.host) and was != given.host:
                    wrong += 1
        return wrong

    def want(self, ppm):
        want_ppm(&self.clock, ppm)

    @property
    def ppm(self):
        return present_ppm(&self.clock)

    def place_version(self, version):
        """As after so many changes of the pace."""
        self.clock.version = version

    def position(self, host):
        """Sample time at a mach time, in frames."""
        cdef Pace pace
        present_pace(&self.clock, &pace)
        return pace.first * self.clock.period + frames_since(&self.clock, &pace, host)

    def observe(self, sample, host):
        servo_observe(&self.servo, &self.clock, sample, host)

    @property
    def state(self):
        return dict(
            offset=self.servo.offset, slips=self.servo.slips, slipped=self.servo.slipped,
            slip_time=self.servo.slip_time, error=self.servo.error, integral=self.servo.integral,
        )


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
