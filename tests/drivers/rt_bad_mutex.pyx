# expect: binary rt_bad_mutex.pyx:24: Mutex.process_io calls pthread_mutex_lock, which takes a lock
# guard: lock rt_bad_mutex.pyx:24: Mutex.process_io calls pthread_mutex_lock, which takes or releases a lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    int pthread_mutex_lock(pthread_mutex_t* mutex)
    int pthread_mutex_unlock(pthread_mutex_t* mutex)


cdef class Mutex(Driver):
    """Takes a mutex."""

    NAME, MANUFACTURER, VERSION = "Mutex", "tympan", "1.0.0"
    cdef pthread_mutex_t mutex

    def device(self):
        spec = DeviceSpec("com.example.rt.Mutex", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        pthread_mutex_lock(&self.mutex)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        pthread_mutex_unlock(&self.mutex)
