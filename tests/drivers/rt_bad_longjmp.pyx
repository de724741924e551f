# expect: binary rt_bad_longjmp.pyx:10: Longjmp.process_io calls longjmp, which ends the process or leaves the call
# guard: no: a buffer without frames never comes
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    #include <setjmp.h>
    static jmp_buf place;
    static void leave(void) { longjmp(place, 1); }
    """
    void leave()


cdef class Longjmp(Driver):
    """Leaves by longjmp."""

    NAME, MANUFACTURER, VERSION = "Longjmp", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Longjmp", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        if buffer.frames == 0:
            leave()
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
