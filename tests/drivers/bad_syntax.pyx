# expect: error: bad_syntax.pyx:14: expected ')' before the end of the line
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Syntax(Driver):
    """A bracket is missing."""

    NAME, MANUFACTURER, VERSION = "Syntax", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Syntax", self.NAME, self.MANUFACTURER.with_output(StreamSpec.output(stereo))
