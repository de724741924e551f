# expect: binary rt_bad_socket.pyx:21: Socket.process_io calls send, which uses the network
# guard: io rt_bad_socket.pyx:21: Socket.process_io calls send, which does input or output
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef extern from "<sys/socket.h>" nogil:
    ssize_t send(int socket, const void* buffer, size_t length, int flags)


cdef class Socket(Driver):
    """Sends the first sample over the network."""

    NAME, MANUFACTURER, VERSION = "Socket", "tympan", "1.0.0"
    cdef int socket

    def device(self):
        spec = DeviceSpec("com.example.rt.Socket", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        send(self.socket, buffer.input, sizeof(float), 0)
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
