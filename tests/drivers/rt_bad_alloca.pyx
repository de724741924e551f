# expect: binary rt_bad_alloca.pyx:19: Alloca.process_io has a stack frame whose size is computed while it runs
# guard: no: alloca moves the stack pointer, and calls nothing
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<alloca.h>" nogil:
    void* alloca(size_t size)


cdef class Alloca(Driver):
    """Takes memory from the stack, as much as the buffer is long."""

    NAME, MANUFACTURER, VERSION = "Alloca", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Alloca", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef float* copy = <float*>alloca(buffer.frames * sizeof(float))
        cdef size_t i
        for i in range(buffer.frames):
            copy[i] = buffer.input[i]
        for i in range(buffer.frames):
            buffer.output[i] = copy[buffer.frames - 1 - i]
