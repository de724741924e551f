from libc.stdlib cimport free, malloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Overrun(Driver):
    """Writes one sample more than its memory has room for, when a buffer has 96 frames."""

    NAME, MANUFACTURER, VERSION = "Overrun", "tympan", "1.0.0"
    cdef float* peaks

    def device(self):
        spec = DeviceSpec("com.example.deep.Overrun", self.NAME, self.MANUFACTURER)
        return spec.with_input(StreamSpec.input(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        self.peaks = <float*>malloc(96 * sizeof(float))

    def stop_io(self):
        free(self.peaks)

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = 0.25
        if buffer.frames <= 96:
            self.peaks[buffer.frames] = 0.25
