# good: a division by a field that was compared with 0 before
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class GuardedDivision(Driver):
    """Divides after a test of the divisor."""

    NAME, MANUFACTURER, VERSION = "GuardedDivision", "tympan", "1.0.0"
    cdef size_t factor

    def device(self):
        spec = DeviceSpec("com.example.rt.GuardedDivision", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i, factor = self.factor
        if factor == 0:
            return
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i // factor]
