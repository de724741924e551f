from libc.stdlib cimport malloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Leak(Driver):
    """Forgets on every start what it allocated on the one before."""

    NAME, MANUFACTURER, VERSION = "Leak", "tympan", "1.0.0"
    cdef float* table

    def device(self):
        spec = DeviceSpec("com.example.deep.Leak", self.NAME, self.MANUFACTURER)
        return spec.with_input(StreamSpec.input(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        self.table = <float*>malloc(1000)
        self.table[0] = 0.25

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = self.table[0]
