# expect: error: bad_uid.pyx:13: the device UID is 'my device', which is not in reverse-DNS form
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Uid(Driver):
    """The UID is not in reverse DNS form."""

    NAME, MANUFACTURER, VERSION = "Uid", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("my device", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
