# expect: error: bad_module.pyx:2: the module ctypes needs _ctypes, which is not part of the static runtime
import ctypes

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Module(Driver):
    """Needs _ctypes, which no static library has."""

    NAME, MANUFACTURER, VERSION = "Module", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Module", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
