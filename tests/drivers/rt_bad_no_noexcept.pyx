# expect: generated rt_bad_no_noexcept.pyx:25: NoNoexcept.process_io calls half, which may raise an exception
# guard: GIL rt_bad_no_noexcept.pyx:25: NoNoexcept.process_io calls PyGILState_Ensure, which waits for the interpreter's lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef float half(float x) nogil:
    if x > 2:
        with gil:
            raise ValueError
    return x / 2


cdef class NoNoexcept(Driver):
    """Calls a helper without `noexcept`: its result is compared with the error value."""

    NAME, MANUFACTURER, VERSION = "NoNoexcept", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.NoNoexcept", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = half(buffer.input[i])
