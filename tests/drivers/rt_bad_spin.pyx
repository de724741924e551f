# expect: binary rt_bad_spin.pyx:24: Spin.process_io waits in a loop for a value that only another thread changes
# guard: not run: it never returns, and calls nothing
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    static int ty_get(const int *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    """
    int ty_get(const int* p)


cdef class Spin(Driver):
    """Waits until a control thread sets a flag."""

    NAME, MANUFACTURER, VERSION = "Spin", "tympan", "1.0.0"
    cdef int ready

    def device(self):
        spec = DeviceSpec("com.example.rt.Spin", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        while ty_get(&self.ready) == 0:
            pass
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
