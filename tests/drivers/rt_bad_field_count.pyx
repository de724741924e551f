# expect: warning rt_bad_field_count.pyx:20: FieldCount.process_io has a loop that runs as often as a value in memory says, not as the frame count
# guard: no: a loop is no call
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class FieldCount(Driver):
    """Runs a loop as often as a field says."""

    NAME, MANUFACTURER, VERSION = "FieldCount", "tympan", "1.0.0"
    cdef long turns

    def device(self):
        spec = DeviceSpec("com.example.rt.FieldCount", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef long i
        cdef float x = buffer.input[0]
        for i in range(self.turns):
            x = x * x + <float>0.1
        buffer.output[0] = x
