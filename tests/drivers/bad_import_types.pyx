# expect: error: bad_import_types.pyx:2: IoBuffer is imported where it must be cimported
from tympan import DeviceSpec, IoBuffer, RealtimeContext, StreamFormat, StreamSpec
from tympan cimport Driver


cdef class ImportedTypes(Driver):
    """The types of process_io came by import."""

    NAME, MANUFACTURER, VERSION = "ImportedTypes", "tympan", "1.0"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.ImportedTypes", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        buffer.output[0] = buffer.input[0]
