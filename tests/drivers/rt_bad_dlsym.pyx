# expect: binary rt_bad_dlsym.pyx:20: Dlsym.process_io calls dlsym, which takes the loader's lock
# guard: not run: the loader's lock is out of sight, and whether dlsym frees memory depends on the call before
from posix.dlfcn cimport dlsym

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Dlsym(Driver):
    """Looks a function up by name."""

    NAME, MANUFACTURER, VERSION = "Dlsym", "tympan", "1.0.0"
    cdef void* found

    def device(self):
        spec = DeviceSpec("com.example.rt.Dlsym", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.found = dlsym(NULL, b"sinf")
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
