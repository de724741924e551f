from tympan import DeviceSpec, IoOperation, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Racy(Driver):
    """Counts its frames in a plain field, although several clients read at once."""

    NAME, MANUFACTURER, VERSION = "Racy", "tympan", "1.0.0"
    IO_OPERATIONS = (IoOperation.WRITE_MIX, IoOperation.READ_INPUT)
    cdef size_t frames

    def device(self):
        return (DeviceSpec("com.example.deep.Racy", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0)
                .with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))
                .with_input(StreamSpec.input(StreamFormat.float32(48_000.0, channels=2))))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        self.frames += buffer.frames
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
