# expect: binary rt_bad_localtime.pyx:21: Localtime.process_io calls localtime, which takes a lock or makes a system call for the time
# guard: lock rt_bad_localtime.pyx:21: Localtime.process_io calls localtime, which takes or releases a lock
from libc.time cimport localtime, time_t

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Localtime(Driver):
    """Asks for the local time."""

    NAME, MANUFACTURER, VERSION = "Localtime", "tympan", "1.0.0"
    cdef int hour

    def device(self):
        spec = DeviceSpec("com.example.rt.Localtime", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef time_t now = rt.cycle
        self.hour = localtime(&now).tm_hour
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
