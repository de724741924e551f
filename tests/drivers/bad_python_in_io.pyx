# expect: error: bad_python_in_io.pyx:16: this needs Python, which IO code must not use
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class PythonInIo(Driver):
    """A Python list on an IO thread."""

    NAME, MANUFACTURER, VERSION = "PythonInIo", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.PythonInIo", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        print(buffer.frames)
