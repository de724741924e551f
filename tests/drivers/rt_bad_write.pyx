# expect: binary rt_bad_write.pyx:19: Write.process_io calls write, which reads or writes a file or a terminal
# guard: io rt_bad_write.pyx:19: Write.process_io calls write, which does input or output
from posix.unistd cimport write

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Write(Driver):
    """Writes to a descriptor."""

    NAME, MANUFACTURER, VERSION = "Write", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Write", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        write(2, b"x", 1)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
