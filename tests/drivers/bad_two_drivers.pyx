# expect: error: bad_two_drivers.pyx: more than one driver in the file: First (line 6) and Second (line 16)
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class First(Driver):
    """One device."""

    NAME, MANUFACTURER, VERSION = "First", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.First", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))


cdef class Second(Driver):
    """Another device in the same file."""

    NAME, MANUFACTURER, VERSION = "Second", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Second", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
