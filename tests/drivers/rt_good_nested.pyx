# good: nested loops, each with its own bound
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Nested(Driver):
    """Channels inside frames, with a filter of constant length."""

    NAME, MANUFACTURER, VERSION = "Nested", "tympan", "1.0.0"
    cdef float[8] taps

    def device(self):
        spec = DeviceSpec("com.example.rt.Nested", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i, c
        cdef int k
        cdef float y
        for i in range(buffer.frames):
            for c in range(buffer.channels):
                y = 0
                for k in range(8):
                    y += self.taps[k] * buffer.input[i * buffer.channels + c]
                buffer.output[i * buffer.channels + c] = y
