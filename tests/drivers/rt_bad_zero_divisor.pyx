# expect: binary rt_bad_zero_divisor.pyx:17: ZeroDivisor.process_io ends the process here, because the operation has no result
# guard: not run: the division by zero ends the process
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class ZeroDivisor(Driver):
    """Divides by 0 for one operation, without a test."""

    NAME, MANUFACTURER, VERSION = "ZeroDivisor", "tympan", "1.0.0"
    cdef int count

    def device(self):
        spec = DeviceSpec("com.example.rt.ZeroDivisor", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef int zero = 0 if buffer.operation else 0
        self.count = self.count // zero
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
