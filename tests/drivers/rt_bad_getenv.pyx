# expect: binary rt_bad_getenv.pyx:19: Getenv.process_io calls getenv, which uses the environment while other threads may change it
# guard: no: getenv reads memory, without a lock
from libc.stdlib cimport getenv

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Getenv(Driver):
    """Reads the environment."""

    NAME, MANUFACTURER, VERSION = "Getenv", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Getenv", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        if getenv(b"TYMPAN_TRACE") is not NULL:
            buffer.output[0] = 0
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
