# expect: generated rt_bad_gil_helper.pyx:7: note is declared `with gil`, so it waits for the interpreter's lock
# guard: GIL rt_bad_gil_helper.pyx:6: note calls PyGILState_Ensure, which waits for the interpreter's lock
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef void note(double rate) noexcept with gil:
    str(rate)


cdef class GilHelper(Driver):
    """Calls a helper that is declared `with gil`."""

    NAME, MANUFACTURER, VERSION = "GilHelper", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.GilHelper", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        if rt.cycle == 1:
            note(rt.sample_rate)
