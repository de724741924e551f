"""stop_io is called when the last process_io has returned, whatever the host does."""

import threading
import time

import pytest
from made_drivers import attached

from tympan.bundle import import_driver
from tympan.testing import Host
from tympan.testing._status import code

SLOW = '''
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, Parameter, RealtimeContext


cdef class Lingers(Driver):
    """process_io stays until `go` is set, and says in `inside` that it is there."""

    NAME, MANUFACTURER, VERSION = "Lingers", "tests", "1.0"
    cdef public Parameter inside, go
    cdef public list told

    def devices(self):
        if self.told is None:
            self.told, self.inside, self.go = [], Parameter(0.0), Parameter(0.0)
        stereo = StreamFormat.float32(48_000.0, channels=2)
        specs = [DeviceSpec(f"com.example.Lingers.{n}", "Lingers", "tests") for n in range(2)]
        specs = [spec.with_output(StreamSpec.output(stereo)) for spec in specs]
        return specs[:1] if self.go.value else specs

    def stop_io(self):
        self.told.append(self.inside.value)

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        self.inside.set(1)
        while self.go.get() == 0:
            pass
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]
        self.inside.set(0)
'''


@pytest.fixture(scope="module")
def lingers(tmp_path_factory):
    path = tmp_path_factory.mktemp("lingers") / "lingers.pyx"
    path.write_text(SLOW)
    return import_driver(path)


def thread(action, *arguments):
    started = threading.Thread(target=action, args=arguments)
    started.start()
    return started


def test_stop_waits_for_the_call_that_is_under_way(lingers):
    """The host stops the device while it is still in DoIOOperation, which none should."""
    with Host(guard=False) as hal:
        plugin = attached(hal, lingers)
        device, driver = plugin.devices[1], plugin.driver
        (stream,) = device.streams()
        plugin.table.start_io(device.id, 1)
        plays = thread(plugin.table.operation, device.id, stream.id, 1, code("rite"), 0.0, bytes(64 * 8))
        while not driver.inside.value:
            time.sleep(0.001)
        stops = thread(plugin.table.stop_io, device.id, 1)
        time.sleep(0.05)
        driver.go.value = 1
        plays.join()
        stops.join()
        assert driver.told == [0.0], "process_io was over"
