# expect: binary rt_bad_fopen.pyx:19: Fopen.process_io calls fopen, which reads or writes a file or a terminal
# guard: io rt_bad_fopen.pyx:19: Fopen.process_io calls fopen, which does input or output
from libc.stdio cimport FILE, fclose, fopen, fputs

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Fopen(Driver):
    """Opens and writes a file."""

    NAME, MANUFACTURER, VERSION = "Fopen", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Fopen", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef FILE* file = fopen(b"tympan-trace", b"a")
        if file is not NULL:
            fputs(b"cycle", file)
            fclose(file)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
