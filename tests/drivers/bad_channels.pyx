# expect: error: bad_channels.pyx:12: the number of channels is 0
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Channels(Driver):
    """A stream of no channels."""

    NAME, MANUFACTURER, VERSION = "Channels", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=0)
        return DeviceSpec("com.example.bad.Channels", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
