# expect: generated rt_bad_with_gil.pyx:25: `with gil` waits for the interpreter's lock
# guard: GIL rt_bad_with_gil.pyx:25: WithGil.process_io calls PyGILState_Ensure, which waits for the interpreter's lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class WithGil(Driver):
    """Takes the GIL when a peak is seen."""

    NAME, MANUFACTURER, VERSION = "WithGil", "tympan", "1.0.0"
    cdef object peaks

    def device(self):
        spec = DeviceSpec("com.example.rt.WithGil", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        self.peaks = 0

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        if buffer.output[0] > 1:
            with gil:
                self.peaks += 1
