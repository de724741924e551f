# expect: binary rt_bad_thread_local.pyx:9: ThreadLocal.process_io calls __tls_get_addr, which may allocate a thread-local variable on first use
# guard: no: what the loader allocates is out of sight
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    static __thread unsigned cycles;
    static void count_up(void) { __atomic_add_fetch(&cycles, 1, __ATOMIC_RELAXED); }
    """
    void count_up()


cdef class ThreadLocal(Driver):
    """Uses a thread-local variable, which is allocated on first use."""

    NAME, MANUFACTURER, VERSION = "ThreadLocal", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.ThreadLocal", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        count_up()
