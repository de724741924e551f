# expect: binary rt_bad_override.pyx:17: Growing.render calls malloc, which allocates memory
# guard: allocation rt_bad_override.pyx:17: Growing.render calls malloc, which allocates or frees memory
from libc.stdlib cimport malloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef class Voice:
    cdef float* memory

    cdef float render(self, float x) noexcept nogil:
        return x


cdef class Growing(Voice):
    cdef float render(self, float x) noexcept nogil:
        self.memory = <float*>malloc(64)
        return x / 2


cdef class Override(Driver):
    """Calls a method of another object; a subclass of that object allocates."""

    NAME, MANUFACTURER, VERSION = "Override", "tympan", "1.0.0"
    cdef Voice voice

    def device(self):
        spec = DeviceSpec("com.example.rt.Override", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        self.voice = Growing()

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = self.voice.render(buffer.input[i])
