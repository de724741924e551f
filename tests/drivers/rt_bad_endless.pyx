# expect: binary rt_bad_endless.pyx:18: Endless.process_io has a loop without an end
# guard: not run: it never returns, and calls nothing
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Endless(Driver):
    """Never leaves its loop."""

    NAME, MANUFACTURER, VERSION = "Endless", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Endless", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        while True:
            buffer.output[0] += buffer.input[0]
