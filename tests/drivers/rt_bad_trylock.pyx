# expect: binary rt_bad_trylock.pyx:24: Trylock.process_io calls pthread_mutex_trylock, which takes a lock
# guard: lock rt_bad_trylock.pyx:24: Trylock.process_io calls pthread_mutex_trylock, which takes or releases a lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    int pthread_mutex_trylock(pthread_mutex_t* mutex)
    int pthread_mutex_unlock(pthread_mutex_t* mutex)


cdef class Trylock(Driver):
    """Tries a mutex: never waits, but unlocking wakes whoever waits."""

    NAME, MANUFACTURER, VERSION = "Trylock", "tympan", "1.0.0"
    cdef pthread_mutex_t mutex

    def device(self):
        spec = DeviceSpec("com.example.rt.Trylock", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        if pthread_mutex_trylock(&self.mutex) == 0:
            pthread_mutex_unlock(&self.mutex)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
