from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver


cdef class Formats(Driver):
    """A loopback that converts: int16 goes in, int24 with other channels comes out, a little later."""

    NAME, MANUFACTURER, VERSION = "Formats", "tympan", "1.0.0"

    def device(self):
        return (DeviceSpec("com.example.deep.Formats", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0)
                .with_latency(3, 9)
                .with_output(StreamSpec.output(StreamFormat.int16(48_000.0, channels=3)))
                .with_input(StreamSpec.input(StreamFormat("int24", 48_000.0, 5))))
