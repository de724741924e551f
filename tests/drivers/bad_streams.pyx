# expect: error: bad_streams.pyx: the device com.example.bad.Streams has no streams
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Streams(Driver):
    """A device without streams."""

    NAME, MANUFACTURER, VERSION = "Streams", "tympan", "1.0"

    def device(self):
        return DeviceSpec("com.example.bad.Streams", self.NAME, self.MANUFACTURER)
