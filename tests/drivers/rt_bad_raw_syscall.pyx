# expect: binary rt_bad_raw_syscall.pyx:9: RawSyscall.process_io makes a system call
# guard: wait rt_bad_raw_syscall.pyx:27: RawSyscall.process_io calls trap, which waits (sched_yield)
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from * nogil:
    """
    #if defined(__x86_64__)
    static void trap(void) { long n = 24; __asm__ volatile("syscall" : "+a"(n) : : "rcx", "r11", "memory"); }
    #else
    static void trap(void) { __asm__ volatile("svc #0" : : : "x0", "x8", "x16", "memory"); }
    #endif
    """
    void trap()


cdef class RawSyscall(Driver):
    """Makes a system call in assembly."""

    NAME, MANUFACTURER, VERSION = "RawSyscall", "tympan", "1.0.0"

    def device(self):
        spec = DeviceSpec("com.example.rt.RawSyscall", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        trap()
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
