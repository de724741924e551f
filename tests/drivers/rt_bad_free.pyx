# expect: binary rt_bad_free.pyx:24: Free.process_io calls free, which frees memory
# guard: allocation rt_bad_free.pyx:24: Free.process_io calls free, which allocates or frees memory
from libc.stdlib cimport calloc, free

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Free(Driver):
    """Frees what a control method allocated."""

    NAME, MANUFACTURER, VERSION = "Free", "tympan", "1.0.0"
    cdef float* scratch

    def device(self):
        spec = DeviceSpec("com.example.rt.Free", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        self.scratch = <float*>calloc(64, sizeof(float))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        if self.scratch is not NULL:
            free(self.scratch)
            self.scratch = NULL
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
