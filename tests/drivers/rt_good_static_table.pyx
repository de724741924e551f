# good: static data that is initialised before the program starts
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    static const float WINDOW[8] = {0, 0.25f, 0.5f, 0.75f, 1, 0.75f, 0.5f, 0.25f};
    """
    const float WINDOW[8]


cdef class StaticTable(Driver):
    """Looks up in a constant table."""

    NAME, MANUFACTURER, VERSION = "StaticTable", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.StaticTable", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i] * WINDOW[i & 7]
