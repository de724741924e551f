# expect: binary rt_bad_big_atomic.pyx:9: BigAtomic.process_io calls __atomic_load, which may take a lock, for an atomic operation that the processor lacks
# guard: not run: nothing links the library that has __atomic_load
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    typedef struct { float left, right, a, b, c, d, e, f; } Gains;
    static void load(const Gains *from, Gains *to) { __atomic_load(from, to, __ATOMIC_ACQUIRE); }
    """
    ctypedef struct Gains:
        float left
    void load(const Gains* source, Gains* to)


cdef class BigAtomic(Driver):
    """Reads a structure atomically that is too big for the processor."""

    NAME, MANUFACTURER, VERSION = "BigAtomic", "tympan", "1.0.0"
    cdef Gains gains

    def device(self):
        spec = DeviceSpec("com.example.rt.BigAtomic", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef Gains now
        load(&self.gains, &now)
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i] * now.left
