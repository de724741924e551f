# good: atomic operations of the processor take no lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    static float get(const float *p) { float v; __atomic_load(p, &v, __ATOMIC_ACQUIRE); return v; }
    static void add_one(unsigned *p) { __atomic_fetch_add(p, 1, __ATOMIC_RELAXED); }
    """
    float get(const float* p) noexcept
    void add_one(unsigned int* p) noexcept


cdef class Atomics(Driver):
    """Exchanges values with a control thread."""

    NAME, MANUFACTURER, VERSION = "Atomics", "tympan", "1.0.0"
    cdef float gain
    cdef unsigned int cycles

    def device(self):
        spec = DeviceSpec("com.example.rt.Atomics", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        cdef float gain = get(&self.gain)
        add_one(&self.cycles)
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = gain * buffer.input[i]
