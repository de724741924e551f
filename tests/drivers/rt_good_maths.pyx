# good: calls of libm are on the list
from libc.math cimport fabsf, sinf, sqrtf, tanhf

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Maths(Driver):
    """Shapes with the C library."""

    NAME, MANUFACTURER, VERSION = "Maths", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Maths", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = tanhf(sinf(buffer.input[i]) + sqrtf(fabsf(buffer.input[i])))
