# expect: compile rt_bad_python_attribute.pyx:21: coercion from Python not allowed without the GIL
# guard: not run: it does not compile
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class PythonAttribute(Driver):
    """Reads a Python attribute."""

    NAME, MANUFACTURER, VERSION = "PythonAttribute", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.PythonAttribute", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    volume = 0.5

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i] * self.volume
