# expect: error: bad_return.pyx: Return.device() returned None, not a DeviceSpec
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Return(Driver):
    """device() without a return."""

    NAME, MANUFACTURER, VERSION = "Return", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        DeviceSpec("com.example.bad.Return", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
