# expect: error: bad_misspelt_start_io.pyx:15: start_io is misspelt as startio
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class MisspeltStart(Driver):
    """No host calls startio."""

    NAME, MANUFACTURER, VERSION = "MisspeltStart", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.MisspeltStart", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    def startio(self):
        pass
