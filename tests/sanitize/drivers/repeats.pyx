from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Repeats(Driver):
    """Plays the last frame but one of every thousandth buffer twice, the second time instead of the last."""

    NAME, MANUFACTURER, VERSION = "Repeats", "tympan", "1.0.0"
    cdef size_t buffers

    def device(self):
        return (DeviceSpec("com.example.deep.Repeats", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0)
                .with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))
                .with_input(StreamSpec.input(StreamFormat.float32(48_000.0, channels=2))))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i, samples = buffer.frames * buffer.channels
        self.buffers += 1
        for i in range(samples):
            buffer.output[i] = buffer.input[i]
        if self.buffers % 1000 == 0 and buffer.frames > 1:
            for i in range(samples - buffer.channels, samples):
                buffer.output[i] = buffer.input[i - buffer.channels]
