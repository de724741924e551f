# expect: binary rt_bad_mutual_recursion.pyx:7: even calls itself, so its stack use has no bound
# guard: no: the recursion ends, and calls nothing else
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef double even(int n, double x) noexcept nogil:
    return x if n == 0 else 0.5 * odd(n - 1, x + 1)


cdef double odd(int n, double x) noexcept nogil:
    return x if n == 0 else 0.25 * even(n - 1, x * 2)


cdef class MutualRecursion(Driver):
    """Two functions that call each other."""

    NAME, MANUFACTURER, VERSION = "MutualRecursion", "tympan", "1.0.0"
    cdef double total

    def device(self):
        spec = DeviceSpec("com.example.rt.MutualRecursion", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.total = even(<int>buffer.frames, rt.sample_rate)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
