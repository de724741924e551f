# expect: binary rt_bad_read_input_only.pyx:26: ReadInputOnly.process_io calls malloc, which allocates memory
# guard: allocation rt_bad_read_input_only.pyx:26: ReadInputOnly.process_io calls malloc, which allocates or frees memory
from libc.stdlib cimport malloc

from tympan import DeviceSpec, IoOperation, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, IoOperation, RealtimeContext


cdef class ReadInputOnly(Driver):
    """Allocates, but only in ReadInput."""

    NAME, MANUFACTURER, VERSION = "ReadInputOnly", "tympan", "1.0.0"
    cdef float* scratch
    IO_OPERATIONS = (IoOperation.READ_INPUT, IoOperation.WRITE_MIX)

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        spec = DeviceSpec("com.example.rt.ReadInputOnly", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(stereo)).with_input(StreamSpec.input(stereo))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        if buffer.operation == IoOperation.READ_INPUT:
            self.scratch = <float*>malloc(64)
