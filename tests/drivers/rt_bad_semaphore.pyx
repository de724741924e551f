# expect: binary rt_bad_semaphore.pyx:23: Semaphore.process_io calls sem_post, which makes a system call when a thread waits
# guard: lock rt_bad_semaphore.pyx:23: Semaphore.process_io calls sem_post, which takes or releases a lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<semaphore.h>" nogil:
    ctypedef struct sem_t:
        pass
    int sem_post(sem_t* semaphore)


cdef class Semaphore(Driver):
    """Posts a semaphore."""

    NAME, MANUFACTURER, VERSION = "Semaphore", "tympan", "1.0.0"
    cdef sem_t ready

    def device(self):
        spec = DeviceSpec("com.example.rt.Semaphore", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        sem_post(&self.ready)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
