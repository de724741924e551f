# expect: binary rt_bad_sleep.pyx:19: Sleep.process_io calls usleep, which waits
# guard: wait rt_bad_sleep.pyx:19: Sleep.process_io calls usleep, which waits
from posix.unistd cimport usleep

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Sleep(Driver):
    """Sleeps."""

    NAME, MANUFACTURER, VERSION = "Sleep", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Sleep", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        usleep(100)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
