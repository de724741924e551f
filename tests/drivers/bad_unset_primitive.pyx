# expect: error: bad_unset_primitive.pyx:11: nothing creates the SmoothedParameter gain of UnsetPrimitive
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, Parameter, RealtimeContext, SmoothedParameter


cdef class UnsetPrimitive(Driver):
    """Declares a parameter and forgets to create it: IO code would see None, which counts as 0."""

    NAME, MANUFACTURER, VERSION = "UnsetPrimitive", "tympan", "1.0.0"
    cdef Parameter trim
    cdef SmoothedParameter gain

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Unset", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    def initialize(self):
        self.trim = Parameter(1.0)

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.gain.apply(buffer.output, buffer.input, buffer.frames, buffer.channels)
