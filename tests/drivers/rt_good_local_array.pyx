# good: a frame of fixed size, well below the limit
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class LocalArray(Driver):
    """Keeps 4 KB on the stack."""

    NAME, MANUFACTURER, VERSION = "LocalArray", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.LocalArray", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef float[1024] copy
        cdef size_t i, count = min(buffer.frames * buffer.channels, <size_t>1024)
        for i in range(count):
            copy[i] = buffer.input[count - 1 - i]
        for i in range(count):
            buffer.output[i] = copy[i]
