# good: another object's class table is followed as well
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef class Voice:
    cdef float gain

    cdef float render(self, float x) noexcept nogil:
        return x * self.gain


cdef class Loud(Voice):
    cdef float render(self, float x) noexcept nogil:
        return x * 2


cdef class OtherObject(Driver):
    """Calls methods of another object, overridden in a subclass."""

    NAME, MANUFACTURER, VERSION = "OtherObject", "tympan", "1.0.0"
    cdef Voice voice

    def device(self):
        spec = DeviceSpec("com.example.rt.OtherObject", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        self.voice = Loud()

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = self.voice.render(buffer.input[i])
