# expect: compile rt_bad_vector.pyx:3: libcpp.vector is C++, and a driver is compiled as C
# guard: not run: it does not compile
from libcpp.vector cimport vector

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Vector(Driver):
    """Appends to a C++ vector."""

    NAME, MANUFACTURER, VERSION = "Vector", "tympan", "1.0.0"
    cdef vector[float] history

    def device(self):
        spec = DeviceSpec("com.example.rt.Vector", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.history.push_back(buffer.input[0])
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
