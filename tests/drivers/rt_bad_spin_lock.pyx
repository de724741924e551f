# expect: binary rt_bad_spin_lock.pyx:24: SpinLock.process_io waits in a loop for a value that only another thread changes
# guard: no: nobody else has the lock, so it is there at once
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    static int exchange(int *p, int v) { return __atomic_exchange_n(p, v, __ATOMIC_ACQUIRE); }
    """
    int exchange(int* p, int v)


cdef class SpinLock(Driver):
    """Takes a spin lock of its own making."""

    NAME, MANUFACTURER, VERSION = "SpinLock", "tympan", "1.0.0"
    cdef int lock

    def device(self):
        spec = DeviceSpec("com.example.rt.SpinLock", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        while exchange(&self.lock, 1):
            pass
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        exchange(&self.lock, 0)
