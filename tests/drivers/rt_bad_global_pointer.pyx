# expect: binary rt_bad_global_pointer.pyx:23: GlobalPointer.process_io calls through the variable effect, which can change
# guard: not run: nobody has set the pointer, so the call ends the process
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef void (*effect)(float* x, size_t count) noexcept nogil


cdef class GlobalPointer(Driver):
    """Calls through a global variable that a control method sets."""

    NAME, MANUFACTURER, VERSION = "GlobalPointer", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.GlobalPointer", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def set_effect(self, size_t address):
        global effect
        effect = <void (*)(float*, size_t) noexcept nogil>address

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        effect(buffer.output, buffer.frames)
