# expect: binary rt_bad_strtod.pyx:21: Strtod.process_io calls strtod, which reads the locale, and may allocate
# guard: no: strtod reads the locale, without a lock
from libc.stdlib cimport strtod

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Strtod(Driver):
    """Reads a number from text."""

    NAME, MANUFACTURER, VERSION = "Strtod", "tympan", "1.0.0"
    cdef char[32] text
    cdef double gain

    def device(self):
        spec = DeviceSpec("com.example.rt.Strtod", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.gain = strtod(self.text, NULL)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
