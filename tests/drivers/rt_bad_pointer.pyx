# expect: binary rt_bad_pointer.pyx:21: Pointer.process_io calls through a pointer that is in no class table
# guard: not run: nobody has set the pointer, so the call ends the process
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Pointer(Driver):
    """Calls a function whose address comes from outside."""

    NAME, MANUFACTURER, VERSION = "Pointer", "tympan", "1.0.0"
    cdef void (*effect)(float* x, size_t count) noexcept nogil

    def device(self):
        spec = DeviceSpec("com.example.rt.Pointer", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    def set_effect(self, size_t address):
        self.effect = <void (*)(float*, size_t) noexcept nogil>address

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.effect(buffer.output, buffer.frames)
