# good: memcpy and memset are calls out of the binary, on the list
from libc.string cimport memcpy

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Memcpy(Driver):
    """Copies whole buffers."""

    NAME, MANUFACTURER, VERSION = "Memcpy", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Memcpy", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        memcpy(buffer.output, buffer.input, buffer.frames * buffer.channels * sizeof(float))
