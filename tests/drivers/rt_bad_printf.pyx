# expect: binary rt_bad_printf.pyx:19: Printf.process_io calls printf, which reads or writes a file or a terminal
# guard: io rt_bad_printf.pyx:19: Printf.process_io calls printf, which does input or output
from libc.stdio cimport printf

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Printf(Driver):
    """Prints with C."""

    NAME, MANUFACTURER, VERSION = "Printf", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Printf", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        printf(b"%f\n", <double>buffer.input[0])
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
