# cython: language_level=3
"""A loopback that changes its declaration whenever IO starts: a second device comes and goes, names change."""

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver


def loopback(uid, name):
    form = StreamFormat.float32(48_000.0, channels=2)
    spec = DeviceSpec(uid, name, "tympan").with_output(StreamSpec.output(form)).with_input(StreamSpec.input(form))
    return spec.with_sample_rates(44_100.0, 48_000.0)


cdef class Changes(Driver):
    NAME, MANUFACTURER, VERSION = "Changes", "tympan", "0.1.0"
    cdef int count

    def devices(self):
        specs = [loopback("com.example.Changes", f"Changes {self.count % 5}")]
        if self.count % 2:
            specs.append(loopback(f"com.example.Changes.{self.count % 3}", "Comes and goes"))
        return specs

    def start_device(self, index):
        self.count += 1
        self.update()

    def stop_device(self, index):
        self.count += 1
        self.update()
