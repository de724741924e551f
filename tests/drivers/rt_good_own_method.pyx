# good: calls through the class table are followed
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class OwnMethod(Driver):
    """Calls its own methods through the class table."""

    NAME, MANUFACTURER, VERSION = "OwnMethod", "tympan", "1.0.0"
    cdef float gain

    def device(self):
        spec = DeviceSpec("com.example.rt.OwnMethod", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef float first(self, float x) noexcept nogil:
        return x * self.gain

    cdef float second(self, float x) noexcept nogil:
        return x + self.first(x)

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = self.second(self.first(buffer.input[i]))
