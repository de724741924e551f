# expect: generated rt_bad_error_from_c.pyx:27: ErrorFromC.process_io calls check, which may raise an exception
# guard: GIL rt_bad_error_from_c.pyx:23: ErrorFromC.process_io calls PyGILState_Ensure, which waits for the interpreter's lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    static int check(int x) { return x & 1 ? -1 : x; }
    """
    int check(int x) except -1


cdef class ErrorFromC(Driver):
    """Turns the status of a C function into an exception."""

    NAME, MANUFACTURER, VERSION = "ErrorFromC", "tympan", "1.0.0"
    cdef int level

    def device(self):
        spec = DeviceSpec("com.example.rt.ErrorFromC", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        self.level = check(<int>rt.cycle)
