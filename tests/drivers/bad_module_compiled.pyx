# expect: error: bad_module_compiled.pyx:16: the module numpy is compiled code of another project, which a bundle cannot carry
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class ModuleCompiled(Driver):
    """numpy is compiled code of another project."""

    NAME, MANUFACTURER, VERSION = "ModuleCompiled", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.ModuleCompiled", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    def start_io(self):
        import numpy

        numpy.zeros(1)
