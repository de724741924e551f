from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Loses(Driver):
    """Leaves out one frame of every thousandth buffer: those after it come too early, up to the buffer's end."""

    NAME, MANUFACTURER, VERSION = "Loses", "tympan", "1.0.0"
    cdef size_t buffers

    def device(self):
        return (DeviceSpec("com.example.deep.Loses", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0)
                .with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))
                .with_input(StreamSpec.input(StreamFormat.float32(48_000.0, channels=2))))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i, samples = buffer.frames * buffer.channels, skipped
        self.buffers += 1
        skipped = buffer.channels if self.buffers % 1000 == 0 and buffer.frames > 1 else 0
        for i in range(samples - skipped):
            buffer.output[i] = buffer.input[i + skipped]
        for i in range(samples - skipped, samples):
            buffer.output[i] = buffer.input[i]
