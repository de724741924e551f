# good: Cython's helpers for complex numbers are plain C
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Complex(Driver):
    """Complex arithmetic."""

    NAME, MANUFACTURER, VERSION = "Complex", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Complex", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        cdef float complex z = 1, step = 0.6 + 0.8j
        for i in range(buffer.frames):
            z = z * step
            buffer.output[i] = buffer.input[i] * z.real
