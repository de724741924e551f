# good: writes to variables of the module
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef float[16] wave
cdef size_t position = 0


cdef class GlobalState(Driver):
    """Keeps its state in C globals."""

    NAME, MANUFACTURER, VERSION = "GlobalState", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.GlobalState", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        global position
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i] * wave[position & 15]
            position += 1
