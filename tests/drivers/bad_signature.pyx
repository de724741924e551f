# expect: error: bad_signature.pyx:15: this method does not have the signature that tympan declares
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Signature(Driver):
    """process_io with an argument too few."""

    NAME, MANUFACTURER, VERSION = "Signature", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Signature", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    cdef void process_io(self, IoBuffer* buffer) noexcept nogil:
        buffer.output[0] = buffer.input[0]
