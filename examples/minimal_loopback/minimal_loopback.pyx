from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver


cdef class MinimalLoopback(Driver):
    """What is played into the device can be recorded from it. The core does it all."""

    NAME, MANUFACTURER, VERSION = "Tympan Loopback", "tympan", "0.1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return (DeviceSpec("com.example.tympan.MinimalLoopback", self.NAME, self.MANUFACTURER)
                .with_sample_rates()          # all common rates, 8 to 192 kHz
                .with_output(StreamSpec.output(stereo))
                .with_input(StreamSpec.input(stereo)))
