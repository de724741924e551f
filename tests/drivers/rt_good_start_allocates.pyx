# good: calloc, free and raise are in this file, but not on the IO path
from libc.stdlib cimport calloc, free

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class StartAllocates(Driver):
    """Allocates and prints in control methods only."""

    NAME, MANUFACTURER, VERSION = "StartAllocates", "tympan", "1.0.0"
    cdef float* delay

    def device(self):
        spec = DeviceSpec("com.example.rt.StartAllocates", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        self.delay = <float*>calloc(4096, sizeof(float))
        if self.delay is NULL:
            raise MemoryError

    def stop_io(self):
        free(self.delay)
        self.delay = NULL

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            self.delay[i & 4095] = buffer.input[i]
            buffer.output[i] = self.delay[(i + 1) & 4095]
