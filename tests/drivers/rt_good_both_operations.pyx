# good: one process_io for two operations
from tympan import DeviceSpec, IoOperation, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, IoOperation, RealtimeContext


cdef class BothOperations(Driver):
    """Processes both operations."""

    NAME, MANUFACTURER, VERSION = "BothOperations", "tympan", "1.0.0"
    IO_OPERATIONS = (IoOperation.READ_INPUT, IoOperation.WRITE_MIX)

    def device(self):
        spec = DeviceSpec("com.example.rt.BothOperations", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        cdef float gain = 1 if buffer.operation == IoOperation.READ_INPUT else 0.5
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = gain * buffer.input[i]
