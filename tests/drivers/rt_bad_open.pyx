# expect: binary rt_bad_open.pyx:20: Open.process_io calls open, which reads or writes a file or a terminal
# guard: io rt_bad_open.pyx:20: Open.process_io calls open, which does input or output
from posix.fcntl cimport open

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Open(Driver):
    """Opens a file with the system call."""

    NAME, MANUFACTURER, VERSION = "Open", "tympan", "1.0.0"
    cdef int handle

    def device(self):
        spec = DeviceSpec("com.example.rt.Open", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.handle = open(b"/dev/null", 0)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
