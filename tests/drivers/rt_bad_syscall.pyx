# expect: binary rt_bad_syscall.pyx:21: Syscall.process_io calls syscall, which makes a system call
# guard: system call rt_bad_syscall.pyx:21: Syscall.process_io calls gettid, which enters the kernel
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<unistd.h>" nogil:
    long syscall(long number, ...)


cdef class Syscall(Driver):
    """Makes a system call by number."""

    NAME, MANUFACTURER, VERSION = "Syscall", "tympan", "1.0.0"
    cdef long thread

    def device(self):
        spec = DeviceSpec("com.example.rt.Syscall", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.thread = syscall(186)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
