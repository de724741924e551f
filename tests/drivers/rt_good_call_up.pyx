# good: a call up goes through the base class's table, in another module
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef class Base(Driver):
    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        Driver.process_io(self, rt, buffer)


cdef class CallUp(Base):
    """Calls its base class, and that the framework."""

    NAME, MANUFACTURER, VERSION = "CallUp", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.CallUp", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        Base.process_io(self, rt, buffer)
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] *= <float>0.5
