# expect: warning rt_bad_sample_time.pyx:19: SampleTime.process_io has a loop that runs as often as a value in memory says, not as the frame count
# guard: no: a loop is no call
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class SampleTime(Driver):
    """Runs a loop that gets longer as long as IO runs."""

    NAME, MANUFACTURER, VERSION = "SampleTime", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.SampleTime", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef long i
        cdef float x = buffer.input[0]
        for i in range(rt.sample_time >> 8):
            x = x * x + <float>0.1
        buffer.output[0] = x
