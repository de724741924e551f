# expect: generated rt_bad_unset_view.pyx:21: a memoryview is checked for being set, which raises an exception
# guard: not run: an exception without the interpreter's lock ends the process
# cython: initializedcheck=True
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class UnsetView(Driver):
    """Uses a memoryview with initializedcheck: one that was never set raises."""

    NAME, MANUFACTURER, VERSION = "UnsetView", "tympan", "1.0.0"
    cdef float[:] window

    def device(self):
        spec = DeviceSpec("com.example.rt.UnsetView", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i] * self.window[i]
