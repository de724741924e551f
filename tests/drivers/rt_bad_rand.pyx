# expect: binary rt_bad_rand.pyx:21: Rand.process_io calls rand, which takes a lock inside the C library
# guard: lock rt_bad_rand.pyx:21: Rand.process_io calls rand, which takes or releases a lock
from libc.stdlib cimport RAND_MAX, rand

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Rand(Driver):
    """Makes noise with the C library."""

    NAME, MANUFACTURER, VERSION = "Rand", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.Rand", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = rand() / <float>RAND_MAX
