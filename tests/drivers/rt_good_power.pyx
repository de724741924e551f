# good: powers and remainders by constants
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Power(Driver):
    """Raises to a power."""

    NAME, MANUFACTURER, VERSION = "Power", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Power", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i] ** 3 + <float>(<int>i % 7)
