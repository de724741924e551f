# expect: binary rt_bad_stack_array.pyx:22: StackArray.process_io has a stack frame of 128 KB; a whole chain may have 64 KB
# guard: no: a large stack frame is no call
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    static __attribute__((noinline)) void shuffle(float *x) { for (int i = 0; i < 16384; i++) x[i] = x[32767 - i]; }
    """
    void shuffle(float* x)


cdef class StackArray(Driver):
    """Keeps 128 KB on the stack."""

    NAME, MANUFACTURER, VERSION = "StackArray", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.StackArray", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef float[32768] copy
        cdef size_t i
        for i in range(min(buffer.frames, <size_t>32768)):
            copy[i] = buffer.input[i]
        shuffle(copy)
        for i in range(min(buffer.frames, <size_t>32768)):
            buffer.output[i] = copy[i]
