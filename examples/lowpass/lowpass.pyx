"""A second-order low-pass at 1 kHz on whatever is played into the device."""

from libc.math cimport M_PI, M_SQRT1_2, cos, sin
from libc.string cimport memcpy, memset

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef enum:
    CHANNELS = 2

cdef double CUTOFF = 1000.0                   # Hz


cdef struct Memory:                           # of one channel, transposed direct form II
    double z1
    double z2


cdef class Lowpass(Driver):
    """Butterworth low-pass (RBJ cookbook, Q = 1/sqrt(2)), with a filter memory per channel."""

    NAME, MANUFACTURER, VERSION = "Tympan Lowpass", "tympan", "0.1.0"
    cdef double b0, b1, b2, a1, a2
    cdef Memory[CHANNELS] memory

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=CHANNELS)
        return (DeviceSpec("com.example.tympan.Lowpass", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0, 192_000.0)
                .with_output(StreamSpec.output(stereo))
                .with_input(StreamSpec.input(stereo)))

    def start_io(self):
        """Coefficients for the rate that is now in force; silence in the filters."""
        w = 2 * M_PI * CUTOFF / self.sample_rate
        alpha = sin(w) * M_SQRT1_2
        a0 = 1 + alpha
        self.b1 = (1 - cos(w)) / a0
        self.b0 = self.b2 = self.b1 / 2
        self.a1 = -2 * cos(w) / a0
        self.a2 = (1 - alpha) / a0
        memset(self.memory, 0, sizeof(self.memory))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        """All channels in one loop: each filter waits for its own last sample, not for the other's."""
        cdef double b0 = self.b0, b1 = self.b1, b2 = self.b2, a1 = self.a1, a2 = self.a2
        cdef Memory[CHANNELS] memory
        cdef double x, y
        cdef size_t i, channel
        memcpy(memory, self.memory, sizeof(memory))
        for i in range(buffer.frames):
            for channel in range(CHANNELS):
                x = buffer.input[i * CHANNELS + channel]
                y = b0 * x + memory[channel].z1
                memory[channel].z1 = b1 * x + memory[channel].z2 - a1 * y
                memory[channel].z2 = b2 * x - a2 * y
                buffer.output[i * CHANNELS + channel] = <float>y
        memcpy(self.memory, memory, sizeof(memory))
