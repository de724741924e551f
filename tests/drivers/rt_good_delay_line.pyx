# good: an index that wraps is not the loop's counter
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class DelayLine(Driver):
    """A delay line with a wrapping index."""

    NAME, MANUFACTURER, VERSION = "DelayLine", "tympan", "1.0.0"
    cdef float[8192] line
    cdef size_t at

    def device(self):
        spec = DeviceSpec("com.example.rt.DelayLine", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i, at = self.at
        for i in range(buffer.frames * buffer.channels):
            self.line[at] = buffer.input[i]
            at = at + 1 if at + 1 < 8192 else 0
            buffer.output[i] = <float>0.7 * buffer.input[i] + <float>0.3 * self.line[at]
        self.at = at
