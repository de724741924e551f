# expect: binary rt_bad_inline_pointer.pyx:9: InlinePointer.process_io calls through the variable effect, which can change
# guard: no: what the pointer leads to calls nothing
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    static float (*effect)(float);
    static inline float shaped(float x) { return effect(x); }
    """
    float (*effect)(float) noexcept
    float shaped(float x) noexcept


cdef float softer(float x) noexcept nogil:
    return x / (1 + x * x)


cdef class InlinePointer(Driver):
    """Calls C of its own, which calls through a pointer, and all of it is inlined."""

    NAME, MANUFACTURER, VERSION = "InlinePointer", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.InlinePointer", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        global effect
        effect = softer

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = shaped(buffer.input[i])
