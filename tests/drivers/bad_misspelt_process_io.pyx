# expect: error: bad_misspelt_process_io.pyx:15: process_io is misspelt as proces_io
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Misspelt(Driver):
    """No host calls proces_io."""

    NAME, MANUFACTURER, VERSION = "Misspelt", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Misspelt", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    cdef void proces_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        buffer.output[0] = buffer.input[0]
