# expect: binary rt_bad_qsort.pyx:26: Qsort.process_io calls qsort, which may allocate, and calls through a pointer
# guard: not run: whether qsort allocates depends on the C library
from libc.stdlib cimport qsort

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef int ascending(const void* left, const void* right) noexcept nogil:
    return (<const float*>left)[0] > (<const float*>right)[0]


cdef class Qsort(Driver):
    """Sorts with the C library."""

    NAME, MANUFACTURER, VERSION = "Qsort", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Qsort", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        qsort(buffer.output, buffer.frames, sizeof(float), ascending)
        buffer.output[0] = 0    # not the last thing it does, so that a stack shows it
