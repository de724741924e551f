# good: a memoryview without checks is pointer arithmetic
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class View(Driver):
    """Indexes a memoryview, without checks as the framework compiles it."""

    NAME, MANUFACTURER, VERSION = "View", "tympan", "1.0.0"
    cdef float[::1] window

    def device(self):
        spec = DeviceSpec("com.example.rt.View", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        self.window = memoryview(bytearray(256)).cast("f")

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        cdef float* window = &self.window[0]
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i] * self.window[i & 63] * window[i & 31]
