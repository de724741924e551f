# expect: binary rt_bad_gettimeofday.pyx:20: Gettimeofday.process_io calls clock_gettime, which takes a lock or makes a system call for the time
# guard: no: the vDSO answers clock_gettime, not the kernel
from posix.time cimport clock_gettime, timespec

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Gettimeofday(Driver):
    """Asks the kernel for the time."""

    NAME, MANUFACTURER, VERSION = "Gettimeofday", "tympan", "1.0.0"
    cdef timespec now

    def device(self):
        spec = DeviceSpec("com.example.rt.Gettimeofday", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        clock_gettime(1, &self.now)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
