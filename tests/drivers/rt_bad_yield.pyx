# expect: binary rt_bad_yield.pyx:20: Yield.process_io calls sched_yield, which waits
# guard: wait rt_bad_yield.pyx:20: Yield.process_io calls sched_yield, which waits
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<sched.h>" nogil:
    int sched_yield()


cdef class Yield(Driver):
    """Gives up the processor."""

    NAME, MANUFACTURER, VERSION = "Yield", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Yield", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        sched_yield()
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
