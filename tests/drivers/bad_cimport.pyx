# expect: error: bad_cimport.pyx:3: DeviceSpec cannot be cimported
from tympan import StreamFormat, StreamSpec
from tympan cimport DeviceSpec, Driver


cdef class Cimported(Driver):
    """cimports what is only imported."""

    NAME, MANUFACTURER, VERSION = "Cimported", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Cimported", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
