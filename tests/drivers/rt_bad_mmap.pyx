# expect: binary rt_bad_mmap.pyx:21: Mmap.process_io calls mmap, which changes the memory map
# guard: allocation rt_bad_mmap.pyx:21: Mmap.process_io calls mmap, which allocates or frees memory
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<sys/mman.h>" nogil:
    void* mmap(void* address, size_t length, int protection, int flags, int file, long long offset)


cdef class Mmap(Driver):
    """Maps memory."""

    NAME, MANUFACTURER, VERSION = "Mmap", "tympan", "1.0.0"
    cdef void* memory

    def device(self):
        spec = DeviceSpec("com.example.rt.Mmap", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.memory = mmap(NULL, 4096, 3, 0x22, -1, 0)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
