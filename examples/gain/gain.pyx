from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Gain(Driver):
    """Half the volume of whatever is played into the device."""

    NAME, MANUFACTURER, VERSION = "Tympan Gain", "tympan", "0.1.0"
    cdef float gain

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return (DeviceSpec("com.example.tympan.Gain", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0)
                .with_output(StreamSpec.output(stereo))
                .with_input(StreamSpec.input(stereo)))

    def start_io(self):                       # control thread: plain Python
        self.gain = 0.5

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i                         # IO thread: compiled C, no GIL
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = self.gain * buffer.input[i]
