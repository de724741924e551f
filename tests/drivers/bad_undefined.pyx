# expect: error: bad_undefined.pyx:16: factor is not defined
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Undefined(Driver):
    """A name that nobody defined."""

    NAME, MANUFACTURER, VERSION = "Undefined", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Undefined", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        buffer.output[0] = factor
