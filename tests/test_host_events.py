"""What happens to hosts, clients and machines: death, sleep, storage, and changes at awkward moments."""

import subprocess
import sys

import numpy
import pytest
from c_drivers.build import make_bundle
from c_drivers.operations import Operations
from subjects.build import bundle

from tympan.testing import Host, UsageError
from tympan.testing._trace_read import read_trace


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("floor"), "Floor")


@pytest.fixture
def driver(tmp_path):
    made = Operations(tmp_path)
    for client in range(8):
        made.promise(client, "read", "rite")
    return made


@pytest.mark.parametrize("policy", ["per-client", "first-last"])
@pytest.mark.parametrize("order", ["stop-first", "remove-first"])
def test_a_client_that_dies(driver, order, policy):
    with Host(policy=policy) as hal:
        device = hal.load(driver.path).device()
        victim, other = device.add_client(), device.add_client()
        device.start(victim)
        device.start(other)
        victim.crash(order)
        assert device.clients == [other] and device.is_running
        assert device.render(numpy.ones((2000, 2), numpy.float32), client=other)[1024:].all()
        other.crash(order)
        assert not device.is_running
        with pytest.raises(UsageError, match="removed already"):
            victim.crash()
    stops = [call for call in driver.calls if call.call == "Stop"]
    assert len(stops) == (2 if policy == "per-client" else 1)


def test_an_unknown_order_is_explained(driver):
    with Host() as hal, pytest.raises(UsageError, match="order='never'"):
        hal.load(driver.path).device().add_client().crash("never")


def test_storage_is_a_dict_that_outlives_the_host(floor):
    disk = {"Floor.driver": {"volume": 0.5, "names": ["a", "b"]}}
    with Host(storage=disk) as hal:
        plugin = hal.load(floor)
        assert plugin.host_table.stored() == {"volume": 0.5, "names": ["a", "b"]}
        plugin.host_table.store("count", 3)
        plugin.host_table.discard("names")
    assert disk == {"Floor.driver": {"volume": 0.5, "count": 3}}


CRASH = """
import sys
from tympan.testing import Host, _platform

disk = {}
with Host(storage=disk) as hal:
    first = hal.load(sys.argv[1])
    device = first.devices[0]
    before = device.sample_rate
    rate = next(high for _, high in device.sample_rates if high != before)
    device.start(device.add_client())
    device.plugin.set_float64(device, "nsrt", rate)
    first.host_table.store("kept", "yes")
    address = first.table.address
    assert _platform.pending() > 0
    hal.crash()
    assert hal.plugins == [] and hal.pending_changes == [] and _platform.pending() == 0
    second = hal.load(sys.argv[1])
    assert second.table.address != address
    fresh = second.devices[0]
    assert not fresh.is_running and fresh.sample_rate == before
    assert second.host_table.stored()["kept"] == "yes"
    fresh.start(fresh.add_client())
    hal.pump()
print("alive")
"""


@pytest.mark.parametrize("which", ["floor", "subject"])
def test_a_host_that_dies_starts_anew_with_its_storage(floor, which):
    """In a process of its own: the dead plug-in's image stays."""
    path = floor if which == "floor" else bundle("correct")
    done = subprocess.run([sys.executable, "-c", CRASH, path], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "alive\n", done.stderr


@pytest.mark.parametrize("stops", [True, False])
def test_sleep_stands_still_for_the_driver(driver, stops):
    with Host() as hal:
        device = hal.load(driver.path).device()
        client = device.add_client()
        device.start(client)
        device.cycle(frames=512)
        driver.clear()
        before, seed = hal.now, client.engine.state["seed"]
        hal.sleep(3600.0, stops=stops)
        assert hal.now == before
        device.cycle(frames=512)
        assert (client.engine.state["seed"] != seed) == stops
    calls = [call.call for call in driver.calls if call.call in ("Strt", "Stop")]
    assert calls == (["Stop", "Strt", "Stop"] if stops else ["Stop"])


def test_a_change_is_deferred_by_virtual_seconds(floor):
    with Host(change_delay=2.0) as hal:
        device = hal.load(floor).device()
        device.set_sample_rate(96_000.0)
        assert device.sample_rate == 48_000.0 and len(hal.pending_changes) == 1
        hal.advance(1.9)
        hal.pump()
        assert device.sample_rate == 48_000.0
        hal.advance(0.2)
        hal.pump()
        assert device.sample_rate == 96_000.0 and not hal.pending_changes


def test_a_change_that_comes_due_while_cycles_run(floor):
    with Host(change_delay=1.0) as hal:
        device = hal.load(floor).device()
        client = device.add_client()
        device.start(client)
        device.set_sample_rate(96_000.0)
        hal.run([client], frames=48_000 * 8)
        assert device.sample_rate == 96_000.0 and client.running


def test_a_client_that_starts_between_request_and_perform(floor):
    with Host(change_delay=1.0) as hal:
        device = hal.load(floor).device()
        device.set_sample_rate(96_000.0)
        client = device.add_client()
        device.start(client)
        seed = client.engine.state["seed"]
        hal.advance(1.5)
        hal.pump()
        assert device.sample_rate == 96_000.0 and client.running and client.engine.state["seed"] != seed
        audio = numpy.ones((2000, 2), numpy.float32)
        assert device.render(audio, client=client)[1024:].all()


def test_two_requests_are_both_settled(floor):
    with Host(change_delay=1.0) as hal:
        device = hal.load(floor).device()
        device.set_sample_rate(96_000.0)
        device.set_sample_rate(44_100.0)
        assert len(hal.pending_changes) == 2
        hal.advance(1.5)
        hal.pump()
        assert device.sample_rate == 44_100.0


REMOVED = {
    "abort": ["AbortDeviceConfigurationChange"],
    "perform": ["PerformDeviceConfigurationChange"],
    "drop": [],
}


@pytest.mark.parametrize("what", REMOVED)
def test_a_device_that_goes_while_its_change_is_pending(tmp_path, what):
    """The subject's box owns its devices: without the box they are gone. The driver hears of the change once or, when
    the host has lost it, never, and the device comes back with what was made of it."""
    with Host(change_delay=1.0, removed_change=what, trace=tmp_path / "t") as hal:
        plugin = hal.load(bundle("correct"))
        box, device = plugin.get_ids(1, "box#")[0], plugin.devices[0]
        old = device.sample_rate
        new = next(high for _, high in device.sample_rates if high != old)
        device.set_sample_rate(new)
        ((asked, action),) = hal.pending_changes
        plugin.set_uint32(box, "bxon", 0)
        hal.pump()
        assert asked == device.id and device not in plugin.devices
        hal.advance(1.5)
        hal.pump()
        assert not hal.pending_changes
        assert not hal.failed_changes
        plugin.set_uint32(box, "bxon", 1)
        hal.pump()
        back = plugin.devices[0]
        assert back.sample_rate == (new if what == "perform" else old)
        assert not back.render(numpy.zeros((1000, back.channels("outp")), numpy.float32)).any()
        if what == "abort":
            assert _rate_after_a_change(hal, back, new) == new
    settled = [call for _, call in read_trace(tmp_path / "t").walk() if call.name.endswith("ConfigurationChange")]
    heard = [call for call in settled if not call.to_host and call.arguments["action"] == action]
    assert [(call.name, call.arguments["device"]) for call in heard] == [(name, device.id) for name in REMOVED[what]]


def _rate_after_a_change(hal, device, rate):
    device.set_sample_rate(rate)
    hal.advance(1.5)
    hal.pump()
    return device.sample_rate


def test_an_option_that_is_none(floor):
    with pytest.raises(UsageError, match="removed_change='later'"):
        Host(removed_change="later")
