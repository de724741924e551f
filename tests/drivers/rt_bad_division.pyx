# expect: warning rt_bad_division.pyx:20: Division.process_io divides by a value that was not shown to differ from 0
# guard: not run: the division by zero ends the process
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Division(Driver):
    """Divides by what a field holds."""

    NAME, MANUFACTURER, VERSION = "Division", "tympan", "1.0.0"
    cdef size_t factor

    def device(self):
        spec = DeviceSpec("com.example.rt.Division", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i // self.factor]
