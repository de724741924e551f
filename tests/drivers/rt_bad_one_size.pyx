# expect: binary rt_bad_one_size.pyx:24: OneSize.process_io calls malloc, which allocates memory
# guard: allocation rt_bad_one_size.pyx:24: OneSize.process_io calls malloc, which allocates or frees memory
from libc.stdlib cimport malloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class OneSize(Driver):
    """Allocates, but only for buffers of 96 frames."""

    NAME, MANUFACTURER, VERSION = "OneSize", "tympan", "1.0.0"
    cdef float* scratch

    def device(self):
        spec = DeviceSpec("com.example.rt.OneSize", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        if buffer.frames == 96:
            self.scratch = <float*>malloc(64)
