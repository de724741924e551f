# expect: error: bad_module_missing.pyx:16: the module no_such_module is not installed for this Python
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class ModuleMissing(Driver):
    """A module that is not installed."""

    NAME, MANUFACTURER, VERSION = "ModuleMissing", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.ModuleMissing", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    def start_io(self):
        import no_such_module

        no_such_module.start()
