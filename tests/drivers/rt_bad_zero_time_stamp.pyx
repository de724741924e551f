# expect: binary rt_bad_zero_time_stamp.pyx:12: mach_absolute_time calls malloc, which allocates memory
# guard: no: unbundled, the core calls the host's clock; tests/test_guard_host.py has the bundle
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from *:
    """
    #include <stdint.h>
    #include <stdlib.h>
    void *volatile kept;
    static uint64_t now;
    uint64_t mach_absolute_time(void) { kept = malloc(16); return now += 1000; }
    """


cdef class ZeroTimeStamp(Driver):
    """Brings a clock of its own, which allocates: nothing but GetZeroTimeStamp reads it."""

    NAME, MANUFACTURER, VERSION = "ZeroTimeStamp", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.ZeroTimeStamp", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
