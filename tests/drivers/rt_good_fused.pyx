# good: a function for each type, none of them with Python
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

ctypedef fused real:
    float
    double


cdef inline real scale(real x) noexcept nogil:
    return x * <real>0.5


cdef class Fused(Driver):
    """Helpers for float and double."""

    NAME, MANUFACTURER, VERSION = "Fused", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Fused", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = <float>scale[double](scale[float](buffer.input[i]))
