# good: a while loop whose end is the frame count
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class BoundedWhile(Driver):
    """A while loop that counts."""

    NAME, MANUFACTURER, VERSION = "BoundedWhile", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.BoundedWhile", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t left = buffer.frames * buffer.channels
        cdef const float* source = buffer.input
        cdef float* sink = buffer.output
        while left > 0:
            sink[0] = source[0]
            sink += 1
            source += 1
            left -= 1
