# expect: error: bad_unset_control.pyx:10: nothing creates the Control mute of UnsetControl
from tympan import ControlSpec, DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Control, Driver, IoBuffer, RealtimeContext


cdef class UnsetControl(Driver):
    """Declares a field for a control and forgets to fetch it: IO code would see None, which counts as 0."""

    NAME, MANUFACTURER, VERSION = "UnsetControl", "tympan", "1.0.0"
    cdef Control volume, mute

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        spec = DeviceSpec("com.example.bad.Control", self.NAME, self.MANUFACTURER)
        spec = spec.with_output(StreamSpec.output(stereo)).with_control(ControlSpec.volume())
        return spec.with_control(ControlSpec.mute())

    def initialize(self):
        self.volume = self.control("volume")

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        cdef float gain = 0 if self.mute.number() else self.volume.gain()
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = gain * buffer.input[i]
