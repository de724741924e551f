from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Undefined(Driver):
    """Shifts by more bits than there are."""

    NAME, MANUFACTURER, VERSION = "Undefined", "tympan", "1.0.0"
    cdef int mask

    def device(self):
        spec = DeviceSpec("com.example.deep.Undefined", self.NAME, self.MANUFACTURER)
        return spec.with_input(StreamSpec.input(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        self.mask = 1 << <int>buffer.frames
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = 0.25
