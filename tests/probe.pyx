"""A driver that notes what process_io is given. Subclass it in Python to change its declaration."""

from libc.string cimport memcpy

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef struct Call:
    unsigned int operation
    size_t frames
    size_t channels
    long long sample_time
    double sample_rate
    unsigned long long cycle
    unsigned int client
    unsigned int nominal
    float first

cdef enum:
    MAX_CALLS = 4096
cdef Call[MAX_CALLS] noted
cdef size_t count = 0


cdef class Probe(Driver):
    """Adds ADD to every sample."""

    NAME, MANUFACTURER, VERSION = "Probe", "tympan", "0.1.0"
    KIND, INPUTS, OUTPUTS, LATENCY, ADD = "float32", 2, 2, (0, 0), 0.25
    cdef float add
    cdef bint native

    @staticmethod
    def seen():
        return [tuple(noted[i].values()) for i in range(count)]

    @staticmethod
    def forget():
        global count
        count = 0

    def device(self):
        spec = DeviceSpec("com.example.test.Probe", "Probe", "tympan").with_latency(*self.LATENCY)
        if self.OUTPUTS:
            spec = spec.with_output(StreamSpec.output(StreamFormat(self.KIND, 48_000.0, self.OUTPUTS)))
        if self.INPUTS:
            spec = spec.with_input(StreamSpec.input(StreamFormat(self.KIND, 48_000.0, self.INPUTS)))
        return spec

    def start_io(self):
        self.add = self.ADD
        self.native = self.IO_FORMAT == "native"

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        global count
        cdef size_t i
        if count < MAX_CALLS:
            noted[count] = Call(
                buffer.operation, buffer.frames, buffer.channels, rt.sample_time, rt.sample_rate, rt.cycle,
                rt.client_id, rt.nominal_frames, buffer.input[0]
            )
            count += 1
        if self.native:
            memcpy(buffer.output_bytes, buffer.input_bytes, buffer.frames * buffer.bytes_per_frame)
            return
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i] + self.add
