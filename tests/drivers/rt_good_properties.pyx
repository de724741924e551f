# good: the getter and setter are Python, the field is C
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Properties(Driver):
    """Has Python properties for what process_io reads."""

    NAME, MANUFACTURER, VERSION = "Properties", "tympan", "1.0.0"
    cdef float _gain

    def device(self):
        spec = DeviceSpec("com.example.rt.Properties", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    @property
    def gain(self):
        return self._gain

    @gain.setter
    def gain(self, value):
        self._gain = value

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i] * self._gain
