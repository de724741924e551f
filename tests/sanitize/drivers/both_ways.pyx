from tympan import DeviceSpec, IoOperation, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, IoOperation, RealtimeContext


cdef class BothWays(Driver):
    """Processes what is played and what is recorded: a quarter, then twice as much."""

    NAME, MANUFACTURER, VERSION = "Both ways", "tympan", "1.0.0"
    IO_OPERATIONS = (IoOperation.WRITE_MIX, IoOperation.READ_INPUT)

    def device(self):
        return (DeviceSpec("com.example.deep.BothWays", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0)
                .with_output(StreamSpec.output(StreamFormat.int16(48_000.0, channels=2)))
                .with_input(StreamSpec.input(StreamFormat("int24", 48_000.0, 2))))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef float factor = 2.0 if buffer.operation == IoOperation.READ_INPUT else 0.25
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = factor * buffer.input[i]
