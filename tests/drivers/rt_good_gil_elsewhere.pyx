# good: `with gil` and a function that may raise, off the IO path
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef void report(double rate) noexcept with gil:
    print(rate)


cdef int risky(int x) except -1 nogil:
    return x


cdef class GilElsewhere(Driver):
    """Has a `with gil` function that only control methods call."""

    NAME, MANUFACTURER, VERSION = "GilElsewhere", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.GilElsewhere", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def start_io(self):
        report(self.sample_rate)
        risky(1)

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i] / 2
