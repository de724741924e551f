# expect: binary rt_bad_strdup.pyx:20: Strdup.process_io calls strdup, which allocates memory
# guard: allocation rt_bad_strdup.pyx:20: Strdup.process_io calls strdup, which allocates or frees memory (malloc)
from libc.string cimport strdup

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Strdup(Driver):
    """Copies a string, which allocates."""

    NAME, MANUFACTURER, VERSION = "Strdup", "tympan", "1.0.0"
    cdef char* text

    def device(self):
        spec = DeviceSpec("com.example.rt.Strdup", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.text = strdup(b"cycle")
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
