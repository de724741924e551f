# expect: generated rt_bad_gil_method.pyx:10: `with gil` waits for the interpreter's lock
# guard: GIL rt_bad_gil_method.pyx:10: Meter.show calls PyGILState_Ensure, which waits for the interpreter's lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef class Meter:
    cdef list seen

    cdef void show(self, float level) noexcept nogil:
        with gil:
            self.seen.append(level)


cdef class GilMethod(Driver):
    """A method of another class takes the GIL."""

    NAME, MANUFACTURER, VERSION = "GilMethod", "tympan", "1.0.0"
    cdef Meter meter

    def device(self):
        spec = DeviceSpec("com.example.rt.GilMethod", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.meter.show(buffer.input[0])
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]

    def start_io(self):
        self.meter = Meter()
        self.meter.seen = []
