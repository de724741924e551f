"""Peaks of what is played into the device, in the log, ten times a second."""

from libc.math cimport fabsf, log10
from libc.string cimport memset

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, LogSink, RealtimeContext

cdef enum:
    CHANNELS = 2


cdef struct Reading:                          # what goes from the IO thread to the log
    double seconds                            # of audio since IO began
    float[CHANNELS] peak


cdef class Meter(Driver):
    """Passes audio on as it is, and logs how loud it was."""

    NAME, MANUFACTURER, VERSION = "Tympan Meter", "tympan", "0.1.0"
    cdef LogSink log
    cdef Reading reading
    cdef double frames, since                 # since IO began, since the last reading

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=CHANNELS)
        return (DeviceSpec("com.example.tympan.Meter", self.NAME, self.MANUFACTURER)
                .with_sample_rates(44_100.0, 48_000.0, 96_000.0)
                .with_output(StreamSpec.output(stereo))
                .with_input(StreamSpec.input(stereo)))

    def initialize(self):
        self.log = LogSink(sizeof(Reading), describe)

    def start_io(self):
        self.frames = self.since = 0
        memset(&self.reading, 0, sizeof(self.reading))
        self.log.start()                      # its thread exists until stop_io

    def stop_io(self):
        self.log.stop()

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i, c
        for i in range(buffer.frames):
            for c in range(CHANNELS):
                buffer.output[CHANNELS * i + c] = buffer.input[CHANNELS * i + c]
                self.reading.peak[c] = max(self.reading.peak[c], fabsf(buffer.input[CHANNELS * i + c]))
        self.frames += buffer.frames
        self.since += buffer.frames
        if self.since >= rt.sample_rate / 10:
            self.reading.seconds = self.frames / rt.sample_rate
            self.log.try_push(&self.reading, sizeof(self.reading))
            self.since = 0
            memset(&self.reading, 0, sizeof(self.reading))


def describe(record):
    """The line for a reading; on the LogSink's own thread, with all of Python."""
    cdef const Reading* reading = <const Reading*><const char*>record
    left, right = (decibels(peak) for peak in reading.peak)
    return f"{reading.seconds:.2f} s: left {left}, right {right}"


def decibels(peak):
    """dBFS as text."""
    return f"{20 * log10(peak):.1f} dB" if peak > 0 else "silent"
