# expect: binary rt_bad_condition.pyx:26: Condition.process_io calls pthread_cond_wait, which waits
# guard: lock rt_bad_condition.pyx:26: Condition.process_io calls pthread_cond_wait, which takes or releases a lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    ctypedef struct pthread_cond_t:
        pass
    int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex)


cdef class Condition(Driver):
    """Waits for a condition."""

    NAME, MANUFACTURER, VERSION = "Condition", "tympan", "1.0.0"
    cdef pthread_mutex_t mutex
    cdef pthread_cond_t condition

    def device(self):
        spec = DeviceSpec("com.example.rt.Condition", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        pthread_cond_wait(&self.condition, &self.mutex)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
