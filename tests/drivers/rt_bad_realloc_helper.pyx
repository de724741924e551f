# expect: binary rt_bad_realloc_helper.pyx:9: grow calls realloc, which allocates and frees memory
# guard: allocation rt_bad_realloc_helper.pyx:9: grow calls realloc, which allocates or frees memory
from libc.stdlib cimport realloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef float* grow(float* memory, size_t count) noexcept nogil:
    return <float*>realloc(memory, count * sizeof(float))


cdef class ReallocHelper(Driver):
    """Grows a buffer two helpers away."""

    NAME, MANUFACTURER, VERSION = "ReallocHelper", "tympan", "1.0.0"
    cdef float* scratch
    cdef size_t size

    def device(self):
        spec = DeviceSpec("com.example.rt.ReallocHelper", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void prepare(self, size_t frames) noexcept nogil:
        if frames > self.size:
            self.scratch = grow(self.scratch, frames)
            self.size = frames

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.prepare(buffer.frames)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
