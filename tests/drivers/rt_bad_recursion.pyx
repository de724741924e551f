# expect: binary rt_bad_recursion.pyx:6: add_up calls itself, so its stack use has no bound
# guard: no: the recursion ends, and calls nothing else
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef double add_up(const float* x, size_t count) noexcept nogil:
    if count < 3:
        return x[0]
    return add_up(x, count // 2) * add_up(x + count // 2, count - count // 2)


cdef class Recursion(Driver):
    """Adds up by recursion."""

    NAME, MANUFACTURER, VERSION = "Recursion", "tympan", "1.0.0"
    cdef double total

    def device(self):
        spec = DeviceSpec("com.example.rt.Recursion", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.total = add_up(buffer.input, buffer.frames)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
