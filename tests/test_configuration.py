"""Configuration changes: nothing changes until Perform, and then everything does."""

import struct
import threading

import numpy as np
import pytest
from made_drivers import device_spec, driver_class

from tympan import OSStatus
from tympan._errors import HostError
from tympan.testing import Host

DEVICE, OUTPUT = 2, 4
MODES = ["now", "deferred", "thread"]


def status(code):
    return int(OSStatus(code))


def code(text):
    return int.from_bytes(text.encode(), "big")


def two_rates(**methods):
    return driver_class(device_spec().with_sample_rates(44_100, 48_000, 96_000), **methods)


def wish(plugin, rate):
    return plugin.table.set(DEVICE, code("nsrt"), code("glob"), 0, struct.pack("<d", rate))


@pytest.mark.parametrize("mode", MODES)
def test_a_rate_change_changes_everything(mode):
    with Host(config_change=mode) as hal:
        device = hal.attach(two_rates()).devices[0]
        device.set_sample_rate(96_000.0)
        assert device.sample_rate == 96_000.0
        assert {stream.format.sample_rate for stream in device.streams()} == {96_000.0}
        audio = np.linspace(-1, 1, 20_000, dtype=np.float32).reshape(-1, 2)
        assert np.array_equal(device.render(audio, 512)[device.delay(512) :], audio)


def test_nothing_changes_before_perform():
    with Host(config_change="deferred") as hal:
        plugin = hal.attach(two_rates())
        assert wish(plugin, 96_000.0) == 0
        assert plugin.device().sample_rate == 48_000.0
        assert not hal.pending_changes, "the host is called from the queue, not from inside SetPropertyData"
        hal.pump()
        assert plugin.device().sample_rate == 96_000.0


def test_the_same_value_asks_for_nothing():
    with Host(config_change="deferred") as hal:
        plugin = hal.attach(two_rates())
        asked = []
        original = plugin.request_change
        plugin.request_change = lambda *request: asked.append(request) or original(*request)
        wish(plugin, 48_000.0)
        hal.pump()
        assert not asked


@pytest.mark.parametrize("rate", [0.0, -1.0, 47_999.0, 192_000.0, float("nan"), float("inf")])
def test_a_rate_that_is_not_offered(rate):
    with Host() as hal:
        plugin = hal.attach(two_rates())
        assert wish(plugin, rate) == status("!dat")
        hal.pump()
        assert plugin.device().sample_rate == 48_000.0


def test_wishes_are_coalesced():
    with Host(config_change="deferred") as hal:
        plugin = hal.attach(two_rates())
        performed = []
        original = plugin.perform_change
        plugin.perform_change = lambda *change: performed.append(change) or original(*change)
        for rate in (96_000.0, 44_100.0, 96_000.0, 44_100.0):
            assert wish(plugin, rate) == 0
        hal.pump()
        assert len(performed) == 1 and plugin.device().sample_rate == 44_100.0


@pytest.mark.parametrize("mode", ["abort", "refuse"])
def test_after_an_abort_or_a_refusal_it_can_be_tried_again(mode):
    with Host(config_change=mode) as hal:
        plugin = hal.attach(two_rates())
        device = plugin.device()
        for _ in range(3):
            device.set_sample_rate(96_000.0)
            assert device.sample_rate == 48_000.0
        hal.config_change = "deferred"
        device.set_sample_rate(96_000.0)
        assert device.sample_rate == 96_000.0


def test_an_unknown_action_changes_nothing():
    with Host() as hal:
        plugin = hal.attach(two_rates())
        assert plugin.table.perform(DEVICE, 12345, 0) == status("nope")
        assert plugin.table.perform(DEVICE, 0, 0) == status("nope")
        assert plugin.table.abort(DEVICE, 12345, 0) == 0
        assert plugin.device().sample_rate == 48_000.0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("policy", ["per-client", "first-last"])
def test_during_io_the_line_is_new_and_silent(mode, policy):
    with Host(config_change=mode, policy=policy) as hal:
        device = hal.attach(two_rates()).devices[0]
        client = device.add_client()
        device.start(client)
        noise = np.random.default_rng(0).uniform(-1, 1, (30_000, 2)).astype(np.float32)
        device.render(noise, 512, 30_208, client=client)
        _, _, _, seed = device.plugin.table.zero_time_stamp(DEVICE)
        device.set_sample_rate(44_100.0)
        assert device.plugin.table.zero_time_stamp(DEVICE)[3] != seed
        got = device.render(noise, 512, 30_208, client=client)
        assert not got[: device.delay(512)].any()
        assert np.array_equal(got[device.delay(512) :], noise[: 30_208 - device.delay(512)])


def test_perform_while_the_count_is_running():
    """A host that suspends IO without StopIO: the core restarts the driver itself."""
    calls = []
    methods = {name: lambda self, name=name: calls.append((name, self.sample_rate)) for name in ("start_io", "stop_io")}
    with Host(config_change="deferred") as hal:
        plugin = hal.attach(two_rates(**methods))
        assert plugin.table.start_io(DEVICE, 1) == 0
        captured = []
        plugin.request_change = lambda device, action, info: captured.append(action) or 0
        wish(plugin, 96_000.0)
        hal.pump()
        _, _, _, seed = plugin.table.zero_time_stamp(DEVICE)
        assert plugin.table.perform(DEVICE, captured[0], 0) == 0
        assert calls == [("start_io", 48_000.0), ("stop_io", 48_000.0), ("start_io", 96_000.0)]
        assert plugin.table.zero_time_stamp(DEVICE)[3] == seed + 1
        assert plugin.table.perform(DEVICE, captured[0], 0) == status("nope"), "once"
        plugin.table.stop_io(DEVICE, 1)


def changed_while_running(start_io):
    """Perform 96 kHz while the count runs: (status of Perform, rate afterwards, running, status of a stamp)."""
    with Host(config_change="deferred") as hal:
        plugin = hal.attach(two_rates(start_io=start_io))
        plugin.table.start_io(DEVICE, 1)
        plugin.table.start_io(DEVICE, 2)
        captured = []
        plugin.request_change = lambda device, action, info: captured.append(action) or 0
        wish(plugin, 96_000.0)
        hal.pump()
        performed = plugin.table.perform(DEVICE, captured[0], 0)
        answer = performed, plugin.device().sample_rate, plugin.device().is_running
        stamp = plugin.table.zero_time_stamp(DEVICE)[0]
        stops = [plugin.table.stop_io(DEVICE, client) for client in (1, 2)]
        return *answer, stamp, stops


def test_a_change_that_fails_is_rolled_back():
    """The driver refuses the new rate: IO goes on at the old one, and both clients can stop."""

    def start_io(self):
        if self.sample_rate == 96_000.0:
            raise RuntimeError("not at this rate")

    assert changed_while_running(start_io) == (status("what"), 48_000.0, True, 0, [0, 0])


def test_a_driver_that_cannot_go_back_is_stopped():
    starts = []

    def start_io(self):
        starts.append(self.sample_rate)
        if len(starts) > 1:
            raise RuntimeError("never again")

    refused = status("nope")
    assert changed_while_running(start_io) == (status("what"), 48_000.0, False, status("stop"), [refused, refused])


def test_a_format_with_another_rate_is_a_rate_change():
    with Host() as hal:
        plugin = hal.attach(two_rates())
        for stream in plugin.device().streams():
            for rate in (96_000.0, 44_100.0):
                stream.set_format(stream.format._replace(sample_rate=rate))
                assert plugin.device().sample_rate == rate


@pytest.mark.parametrize("field,value", [
    ("format_id", code("aac ")), ("flags", 12), ("bytes_per_packet", 4), ("frames_per_packet", 2),
    ("bytes_per_frame", 12), ("channels", 3), ("bits", 16), ("sample_rate", 12_345.0),
])  # fmt: skip
def test_a_format_that_is_not_offered(field, value):
    with Host() as hal:
        stream = hal.attach(two_rates()).device().streams()[0]
        with pytest.raises(HostError) as caught:
            stream.set_format(stream.format._replace(**{field: value}))
        assert caught.value.status == status("!dat")


def test_getters_on_eight_threads_during_changes_and_io():
    """No getter waits, fails or sees a value that was never set."""
    rates, wrong, stop = {44_100.0, 48_000.0, 96_000.0}, [], threading.Event()

    def read(plugin):
        while not stop.is_set():
            seen = {plugin.device().sample_rate, plugin.get_format(OUTPUT).sample_rate}
            if not seen <= rates or plugin.device().uid != "com.example.test.Device":
                wrong.append(seen)

    with Host(config_change="thread") as hal:
        plugin = hal.attach(two_rates())
        device = plugin.device()
        threads = [threading.Thread(target=read, args=(plugin,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for rate in sorted(rates) * 10:
            device.set_sample_rate(rate)
            device.render(None, 512, frames=4096)
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong
