# good: pointers that nothing can change are followed
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    static float same(float x) { return x; }
    static float half(float x) { return x / 2; }
    static float square(float x) { return x * x; }
    static float cube(float x) { return x * x * x; }
    static float (*const SHAPES[4])(float) = {same, half, square, cube};
    """
    float (*SHAPES[4])(float) noexcept


cdef class FunctionTable(Driver):
    """Calls through a constant table of functions."""

    NAME, MANUFACTURER, VERSION = "FunctionTable", "tympan", "1.0.0"
    cdef int mode

    def device(self):
        spec = DeviceSpec("com.example.rt.FunctionTable", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = SHAPES[self.mode & 3](buffer.input[i])
