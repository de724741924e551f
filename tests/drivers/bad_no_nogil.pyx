# expect: error: bad_no_nogil.pyx:15: process_io lacks nogil
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class NoNogil(Driver):
    """An IO method that would need the GIL."""

    NAME, MANUFACTURER, VERSION = "NoNogil", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.NoNogil", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept:
        buffer.output[0] = buffer.input[0]
