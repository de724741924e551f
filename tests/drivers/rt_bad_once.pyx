# expect: binary rt_bad_once.pyx:31: Once.process_io calls pthread_once, which waits until another thread has run something once
# guard: lock rt_bad_once.pyx:31: Once.process_io calls pthread_once, which takes or releases a lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_once_t:
        pass
    int pthread_once(pthread_once_t* once, void (*work)() noexcept nogil)

cdef pthread_once_t once
cdef float[64] table


cdef void fill() noexcept nogil:
    cdef int i
    for i in range(64):
        table[i] = i


cdef class Once(Driver):
    """Initialises a table on first use."""

    NAME, MANUFACTURER, VERSION = "Once", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Once", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        pthread_once(&once, fill)
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i] * table[i & 63]
