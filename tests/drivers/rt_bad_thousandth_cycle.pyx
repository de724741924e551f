# expect: binary rt_bad_thousandth_cycle.pyx:24: ThousandthCycle.process_io calls malloc, which allocates memory
# guard: allocation rt_bad_thousandth_cycle.pyx:24: ThousandthCycle.process_io calls malloc, which allocates or frees memory
from libc.stdlib cimport malloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class ThousandthCycle(Driver):
    """Allocates, but only on every 1000th cycle."""

    NAME, MANUFACTURER, VERSION = "ThousandthCycle", "tympan", "1.0.0"
    cdef float* scratch

    def device(self):
        spec = DeviceSpec("com.example.rt.ThousandthCycle", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        if rt.cycle % 1000 == 999:
            self.scratch = <float*>malloc(64)
