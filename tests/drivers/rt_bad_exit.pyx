# expect: binary rt_bad_exit.pyx:20: Exit.process_io calls abort, which ends the process or leaves the call
# guard: no: a device of two channels never comes to abort()
from libc.stdlib cimport abort

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Exit(Driver):
    """Ends the process."""

    NAME, MANUFACTURER, VERSION = "Exit", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Exit", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        if buffer.channels != 2:
            abort()
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
