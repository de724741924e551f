# expect: generated rt_bad_local_view.pyx:18: a memoryview is assigned or sliced, which counts references and may free memory
# guard: no: references are counted by an atomic addition
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class LocalView(Driver):
    """Slices a memoryview into a local one, which counts references."""

    NAME, MANUFACTURER, VERSION = "LocalView", "tympan", "1.0.0"
    cdef float[:] window

    def device(self):
        spec = DeviceSpec("com.example.rt.LocalView", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef float[:] part = self.window[2:10]
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i] * part[0]

    def start_io(self):
        self.window = memoryview(bytearray(4 * 16384)).cast("f")
