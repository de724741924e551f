# expect: generated rt_bad_overflow.pyx:19: an arithmetic check raises an exception
# guard: no: nothing overflows, so nothing is raised
# cython: overflowcheck=True
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Overflow(Driver):
    """Adds with a check for overflow, which raises."""

    NAME, MANUFACTURER, VERSION = "Overflow", "tympan", "1.0.0"
    cdef int total

    def device(self):
        spec = DeviceSpec("com.example.rt.Overflow", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.total = self.total + <int>buffer.frames
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
