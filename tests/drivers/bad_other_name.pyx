# expect: error: bad_other_name.pyx:15: process_io is misspelt as render
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class OtherName(Driver):
    """Takes what only process_io is given."""

    NAME, MANUFACTURER, VERSION = "OtherName", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.OtherName", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    cdef void render(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        buffer.output[0] = buffer.input[0]
