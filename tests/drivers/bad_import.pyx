# expect: error: bad_import.pyx:2: Driver is imported where it must be cimported
from tympan import DeviceSpec, Driver, StreamFormat, StreamSpec


cdef class Imported(Driver):
    """The base class came by import."""

    NAME, MANUFACTURER, VERSION = "Imported", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Imported", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
