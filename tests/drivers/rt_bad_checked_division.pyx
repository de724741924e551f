# expect: generated rt_bad_checked_division.pyx:21: a division raises an exception when the divisor is 0
# guard: GIL rt_bad_checked_division.pyx:21: CheckedDivision.process_io calls PyGILState_Ensure, which waits for the interpreter's lock
# cython: cdivision=False
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class CheckedDivision(Driver):
    """Divides with a check for 0, which raises."""

    NAME, MANUFACTURER, VERSION = "CheckedDivision", "tympan", "1.0.0"
    cdef size_t factor

    def device(self):
        spec = DeviceSpec("com.example.rt.CheckedDivision", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i // self.factor]
