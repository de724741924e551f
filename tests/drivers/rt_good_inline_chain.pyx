# good: inlined calls leave no call
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef inline float clip(float x) noexcept nogil:
    return -1 if x < -1 else 1 if x > 1 else x


cdef inline float drive(float x) noexcept nogil:
    return clip(x * <float>1.5)


cdef inline float soft(float x) noexcept nogil:
    return drive(x) - drive(x) * drive(x) * drive(x) / 3


cdef class InlineChain(Driver):
    """A chain of inline helpers."""

    NAME, MANUFACTURER, VERSION = "InlineChain", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.InlineChain", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = soft(buffer.input[i])
