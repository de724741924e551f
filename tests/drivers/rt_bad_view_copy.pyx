# expect: generated rt_bad_view_copy.pyx:19: a memoryview is assigned or sliced, which counts references and may free memory
# guard: no: slices of one shape are copied without a call
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class ViewCopy(Driver):
    """Copies one memoryview into another, which may allocate."""

    NAME, MANUFACTURER, VERSION = "ViewCopy", "tympan", "1.0.0"
    cdef float[:] window
    cdef float[:] spare

    def device(self):
        spec = DeviceSpec("com.example.rt.ViewCopy", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.window[:] = self.spare
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]

    def start_io(self):
        self.window = memoryview(bytearray(4 * 16384)).cast("f")
        self.spare = memoryview(bytearray(4 * 16384)).cast("f")
