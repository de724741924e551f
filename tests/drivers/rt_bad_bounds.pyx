# expect: generated rt_bad_bounds.pyx:24: a memoryview is indexed with bounds checks, which raise an exception
# guard: no: the index stays in range, so nothing is raised
# cython: boundscheck=True
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Bounds(Driver):
    """Indexes a memoryview with bounds checks."""

    NAME, MANUFACTURER, VERSION = "Bounds", "tympan", "1.0.0"
    cdef float[:] window

    def device(self):
        spec = DeviceSpec("com.example.rt.Bounds", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        self.window = memoryview(bytearray(4 * 16384)).cast("f")

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i] * self.window[i]
