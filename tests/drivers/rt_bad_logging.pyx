# expect: compile rt_bad_logging.pyx:19: this needs Python, which IO code must not use
# guard: not run: it does not compile
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

log = __import__("logging").getLogger("driver")


cdef class Logging(Driver):
    """Writes to the log with Python."""

    NAME, MANUFACTURER, VERSION = "Logging", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Logging", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        log.info("cycle %d", rt.cycle)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
