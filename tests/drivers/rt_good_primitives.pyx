# good: the framework's own primitives allocate nothing, lock nothing and wait for nobody in IO code
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport (
    DoubleBuffer, Driver, IoBuffer, LogSink, Parameter, RealtimeContext, SampleRing, SmoothedParameter, StructRing,
)


cdef struct Peak:
    double time
    float left


cdef struct Matrix:
    float[4] cells


cdef class Primitives(Driver):
    """Uses every primitive: swaps the channels by a matrix, half as loud, 8 frames later."""

    NAME, MANUFACTURER, VERSION = "Primitives", "tympan", "1.0.0"
    cdef Parameter trim
    cdef SmoothedParameter gain
    cdef SampleRing delay
    cdef StructRing peaks
    cdef DoubleBuffer matrix
    cdef LogSink log

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return (DeviceSpec("com.example.rt.Primitives", self.NAME, self.MANUFACTURER)
                .with_output(StreamSpec.output(stereo))
                .with_input(StreamSpec.input(stereo)))

    def initialize(self):
        self.trim = Parameter(0.0)
        self.gain = SmoothedParameter(0.5, minimum=0, maximum=1)
        self.delay = SampleRing(2, 8192)
        self.peaks = StructRing(sizeof(Peak), 4)
        self.matrix = DoubleBuffer(sizeof(Matrix))
        self.log = LogSink(sizeof(Peak), describe)

    def start_io(self):
        cdef Matrix swap
        swap.cells = [0, 1, 1, 0]
        self.matrix.store(&swap, sizeof(swap))
        self.trim.value = 1
        self.gain.reset(self.sample_rate)
        self.delay.clear()
        self.delay.write(bytes(8 * 8))
        self.peaks.read()
        self.log.start()

    def stop_io(self):
        self.log.stop()

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef Matrix matrix
        cdef Peak peak, first
        cdef size_t i
        cdef float left, right, trim = self.trim.get()
        cdef float* out = buffer.output
        self.matrix.load(&matrix, sizeof(matrix))
        self.delay.push(buffer.input, buffer.frames)
        self.delay.pop_padded(out, buffer.frames, buffer.channels)
        peak.time, peak.left = rt.sample_time, 0
        for i in range(buffer.frames):
            left, right = trim * out[2 * i], trim * out[2 * i + 1]
            out[2 * i] = left * matrix.cells[0] + right * matrix.cells[1]
            out[2 * i + 1] = left * matrix.cells[2] + right * matrix.cells[3]
            peak.left = max(peak.left, out[2 * i])
        self.gain.apply(out, out, buffer.frames, buffer.channels)
        self.peaks.push(&peak, sizeof(peak))
        if self.peaks.pop(&first, sizeof(first)):
            self.log.try_push(&first, sizeof(first))


def describe(record):
    return f"a record of {len(record)} bytes"
