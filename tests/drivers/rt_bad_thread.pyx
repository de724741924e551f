# expect: binary rt_bad_thread.pyx:27: Thread.process_io calls pthread_create, which starts a thread or a process
# guard: thread rt_bad_thread.pyx:27: Thread.process_io calls pthread_create, which starts, ends or awaits a thread or process
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<pthread.h>" nogil:
    ctypedef unsigned long pthread_t
    int pthread_create(pthread_t* thread, const void* attributes, void* (*work)(void*) noexcept nogil, void* argument)


cdef void* work(void* argument) noexcept nogil:
    return argument


cdef class Thread(Driver):
    """Starts a thread."""

    NAME, MANUFACTURER, VERSION = "Thread", "tympan", "1.0.0"
    cdef pthread_t thread

    def device(self):
        spec = DeviceSpec("com.example.rt.Thread", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        if rt.cycle == 1:
            pthread_create(&self.thread, NULL, work, NULL)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
