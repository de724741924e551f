# expect: generated rt_bad_no_noexcept_void.pyx:24: NoNoexceptVoid.process_io calls clear, which may raise an exception
# guard: GIL rt_bad_no_noexcept_void.pyx:24: NoNoexceptVoid.process_io calls PyGILState_Ensure, which waits for the interpreter's lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef void clear(float* x) nogil:
    x[0] = 0


cdef class NoNoexceptVoid(Driver):
    """Calls a void helper without `noexcept`: the GIL is taken after every call to look for an exception."""

    NAME, MANUFACTURER, VERSION = "NoNoexceptVoid", "tympan", "1.0.0"
    cdef float peak

    def device(self):
        spec = DeviceSpec("com.example.rt.NoNoexceptVoid", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        clear(&self.peak)
