# expect: error: bad_no_name.pyx: NoName.NAME is not set
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class NoName(Driver):
    """The class does not say what it is."""

    MANUFACTURER, VERSION = "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.NoName", "a", "b").with_output(StreamSpec.output(stereo))
