# expect: error: bad_rates.pyx: the streams of com.example.bad.Rates have different sample rates
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Rates(Driver):
    """Two streams, two rates."""

    NAME, MANUFACTURER, VERSION = "Rates", "tympan", "1.0"

    def device(self):
        return (DeviceSpec("com.example.bad.Rates", self.NAME, self.MANUFACTURER)
                .with_output(StreamSpec.output(StreamFormat.float32(48_000.0)))
                .with_input(StreamSpec.input(StreamFormat.float32(44_100.0))))
