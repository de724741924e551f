# expect: binary rt_bad_malloc.pyx:20: Malloc.process_io calls malloc, which allocates memory
# guard: allocation rt_bad_malloc.pyx:20: Malloc.process_io calls malloc, which allocates or frees memory
from libc.stdlib cimport malloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Malloc(Driver):
    """Allocates on every cycle."""

    NAME, MANUFACTURER, VERSION = "Malloc", "tympan", "1.0.0"
    cdef float* scratch

    def device(self):
        spec = DeviceSpec("com.example.rt.Malloc", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.scratch = <float*>malloc(buffer.frames * sizeof(float))
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
