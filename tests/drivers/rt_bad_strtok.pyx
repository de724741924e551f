# expect: binary rt_bad_strtok.pyx:21: Strtok.process_io calls strtok, which writes a variable that all threads share
# guard: no: strtok writes its variable, without a lock
from libc.string cimport strtok

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Strtok(Driver):
    """Cuts a string with the C library."""

    NAME, MANUFACTURER, VERSION = "Strtok", "tympan", "1.0.0"
    cdef char[32] words
    cdef char* word

    def device(self):
        spec = DeviceSpec("com.example.rt.Strtok", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        self.word = strtok(self.words, b" ")
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
