# expect: generated rt_bad_last_view.pyx:20: a memoryview is assigned or sliced, which counts references and may free memory
# guard: GIL rt_bad_last_view.pyx:20: LastView.process_io calls PyGILState_Ensure, which waits for the interpreter's lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class LastView(Driver):
    """Assigns a memoryview: the last reference to the older memory may go, and that frees it."""

    NAME, MANUFACTURER, VERSION = "LastView", "tympan", "1.0.0"
    cdef float[:] window
    cdef float[:] spare

    def device(self):
        spec = DeviceSpec("com.example.rt.LastView", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        if rt.cycle == 1000:
            self.window = self.spare
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]

    def start_io(self):
        self.window = memoryview(bytearray(4 * 16384)).cast("f")
        self.spare = memoryview(bytearray(4 * 16384)).cast("f")
