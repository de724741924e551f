# expect: error: bad_plain_class.pyx:6: Plain is a plain `class`
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


class Plain(Driver):
    """A Python class: its process_io could not be compiled code."""

    NAME, MANUFACTURER, VERSION = "Plain", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Plain", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
