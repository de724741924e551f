# expect: error: bad_cdef_start_io.pyx:15: start_io is a `cdef` method
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class CdefStart(Driver):
    """Control methods are Python."""

    NAME, MANUFACTURER, VERSION = "CdefStart", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.CdefStart", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    cdef void start_io(self):
        pass
