# good: copies of structures become memcpy or string instructions
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef struct State:
    float[64] history
    double gain


cdef class Structs(Driver):
    """Copies structures about."""

    NAME, MANUFACTURER, VERSION = "Structs", "tympan", "1.0.0"
    cdef State state
    cdef State other

    def device(self):
        spec = DeviceSpec("com.example.rt.Structs", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef State before = self.state
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            self.state.history[i & 63] = buffer.input[i]
            buffer.output[i] = before.history[(i + 1) & 63]
        self.other = self.state
