"""A cable with a volume and a mute, as the system's volume keys find them."""

from tympan import ControlSpec, DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Control, Driver, IoBuffer, RealtimeContext, SmoothedParameter


cdef class Volume(Driver):
    """What is played comes back as loud as the sliders say, without a click."""

    NAME, MANUFACTURER, VERSION = "Tympan Volume", "tympan", "0.1.0"
    cdef Control volume, mute
    cdef SmoothedParameter level

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return (DeviceSpec("com.example.tympan.Volume", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0)
                .with_output(StreamSpec.output(stereo))
                .with_input(StreamSpec.input(stereo))
                .with_control(ControlSpec.volume(decibels=(-64.0, 0.0)))
                .with_control(ControlSpec.mute()))

    def initialize(self):
        self.volume, self.mute = self.control("volume"), self.control("mute")
        self.level = SmoothedParameter(0.0, 20.0, minimum=0.0, maximum=1.0)

    def start_io(self):
        self.follow()
        self.level.reset(self.sample_rate)    # as loud as the sliders say, from the first frame

    cdef void follow(self) noexcept nogil:
        self.level.set(0.0 if self.mute.number() else self.volume.gain())

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.follow()
        self.level.apply(buffer.output, buffer.input, buffer.frames, buffer.channels)
