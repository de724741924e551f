# expect: binary rt_bad_syslog.pyx:20: Syslog.process_io calls syslog, which writes to the log
# guard: io rt_bad_syslog.pyx:20: Syslog.process_io calls syslog, which does input or output
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<syslog.h>" nogil:
    void syslog(int priority, const char* format, ...)


cdef class Syslog(Driver):
    """Writes to the system log."""

    NAME, MANUFACTURER, VERSION = "Syslog", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Syslog", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        syslog(3, b"cycle")
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
