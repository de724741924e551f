# good: a jump through a table looks like a call through a pointer
from libc.math cimport cosf, expf, logf, sinf, tanf, tanhf

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef float shape(int mode, float x) noexcept nogil:
    if mode == 0:
        return sinf(x)
    elif mode == 1:
        return cosf(x)
    elif mode == 2:
        return tanf(x)
    elif mode == 3:
        return tanhf(x)
    elif mode == 4:
        return expf(x)
    elif mode == 5:
        return logf(x)
    elif mode == 6:
        return x * x
    return x


cdef class Switch(Driver):
    """Chooses by number, which becomes a jump table."""

    NAME, MANUFACTURER, VERSION = "Switch", "tympan", "1.0.0"
    cdef int mode

    def device(self):
        spec = DeviceSpec("com.example.rt.Switch", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = shape(self.mode, buffer.input[i])
