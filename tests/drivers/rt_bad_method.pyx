# expect: binary rt_bad_method.pyx:20: Method.shape calls calloc, which allocates memory
# guard: allocation rt_bad_method.pyx:20: Method.shape calls calloc, which allocates or frees memory
from libc.stdlib cimport calloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Method(Driver):
    """Its own method, called through the class table, allocates."""

    NAME, MANUFACTURER, VERSION = "Method", "tympan", "1.0.0"
    cdef float* scratch

    def device(self):
        spec = DeviceSpec("com.example.rt.Method", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef float shape(self, float x) noexcept nogil:
        self.scratch = <float*>calloc(4, 4)
        return x / 2

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = self.shape(buffer.input[i])
