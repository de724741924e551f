# expect: error: bad_def_process_io.pyx:15: process_io is a `def`, so IO threads cannot call it
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class DefProcessIo(Driver):
    """Python on an IO thread."""

    NAME, MANUFACTURER, VERSION = "DefProcessIo", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.DefProcessIo", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    def process_io(self):
        pass
