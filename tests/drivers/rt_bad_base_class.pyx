# expect: binary rt_bad_base_class.pyx:12: Base.process_io calls malloc, which allocates memory
# guard: allocation rt_bad_base_class.pyx:24: BaseClass.process_io calls malloc, which allocates or frees memory
from libc.stdlib cimport malloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef class Base(Driver):
    cdef float* scratch

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.scratch = <float*>malloc(buffer.frames)


cdef class BaseClass(Base):
    """Calls up: its base class allocates."""

    NAME, MANUFACTURER, VERSION = "BaseClass", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.BaseClass", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        Base.process_io(self, rt, buffer)
