"""A fade-in of 50 ms at every start: no click where the audio begins."""

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext, SmoothedParameter


cdef class Fade(Driver):
    """Full volume, reached within 50 ms."""

    NAME, MANUFACTURER, VERSION = "Tympan Fade", "tympan", "0.1.0"
    cdef SmoothedParameter volume

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return (DeviceSpec("com.example.tympan.Fade", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0)
                .with_output(StreamSpec.output(stereo))
                .with_input(StreamSpec.input(stereo)))

    def initialize(self):
        self.volume = SmoothedParameter(0.0, 50.0, minimum=0.0, maximum=1.0)

    def start_io(self):
        self.volume.value = 0.0
        self.volume.reset(self.sample_rate)   # it is 0 now, and ramps are for this rate
        self.volume.value = 1.0               # the ramp begins with the first frame

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.volume.apply(buffer.output, buffer.input, buffer.frames, buffer.channels)
