"""Does on the IO thread what nobody may, each thing at a buffer size of its own."""

from posix.unistd cimport usleep, write

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from *:
    """
    #include <pthread.h>
    #include <stdlib.h>
    static void *volatile forbidden_memory;
    static void forbidden_allocate(void)
    {
        forbidden_memory = malloc(64);
        free(forbidden_memory);
    }
    static pthread_mutex_t forbidden_mutex = PTHREAD_MUTEX_INITIALIZER;
    static void forbidden_lock(void)
    {
        pthread_mutex_lock(&forbidden_mutex);
        pthread_mutex_unlock(&forbidden_mutex);
    }
    """
    void forbidden_allocate() nogil
    void forbidden_lock() nogil


cdef class Forbidden(Driver):
    """Frames: 16 allocates, 17 locks, 18 writes, 19 waits, 20 asks for the GIL; any other number is well."""

    NAME, MANUFACTURER, VERSION = "Forbidden", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.tympan.Forbidden", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        if buffer.frames == 16:
            forbidden_allocate()
        elif buffer.frames == 17:
            forbidden_lock()
        elif buffer.frames == 18:
            write(2, b"", 0)
        elif buffer.frames == 19:
            usleep(1)
        elif buffer.frames == 20:
            with gil:
                self.NAME
