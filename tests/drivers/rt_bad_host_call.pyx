# expect: compile rt_bad_host_call.pyx:17: this needs Python, which IO code must not use
# guard: not run: it does not compile
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class HostCall(Driver):
    """Tells the host about a change."""

    NAME, MANUFACTURER, VERSION = "HostCall", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.HostCall", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.host.properties_changed(self)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
