# expect: error: bad_no_noexcept.pyx:15: process_io lacks noexcept
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class NoNoexcept(Driver):
    """An IO method that could raise."""

    NAME, MANUFACTURER, VERSION = "NoNoexcept", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.NoNoexcept", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) nogil:
        buffer.output[0] = buffer.input[0]
