# expect: binary rt_bad_posix_memalign.pyx:21: PosixMemalign.process_io calls posix_memalign, which allocates memory
# guard: allocation rt_bad_posix_memalign.pyx:21: PosixMemalign.process_io calls posix_memalign, which allocates or frees memory
from posix.stdlib cimport posix_memalign

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class PosixMemalign(Driver):
    """Allocates aligned memory."""

    NAME, MANUFACTURER, VERSION = "PosixMemalign", "tympan", "1.0.0"
    cdef float* scratch

    def device(self):
        spec = DeviceSpec("com.example.rt.PosixMemalign", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef void* memory = NULL
        if posix_memalign(&memory, 64, buffer.frames) == 0:
            self.scratch = <float*>memory
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
