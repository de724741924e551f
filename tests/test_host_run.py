"""Several clients on several devices at once: mixing, times, and real time with its latencies."""

import numpy
import pytest
from c_drivers.build import make_bundle
from c_drivers.operations import Operations

from tympan.testing import Host, HostError, UsageError


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("floor"), "Floor")


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("wide"), "Wide", defines=["CHANNELS=8", 'FLOOR_UID="org.tympan.wide"'])


def eighths(frames, seed=1, channels=2):
    """Audio whose sums are exact in float32, whatever the order of adding."""
    steps = numpy.random.default_rng(seed).integers(-32, 32, (frames, channels))
    return (steps / 256).astype(numpy.float32)


def test_the_host_mixes_the_clients_of_a_device(floor):
    with Host() as hal:
        device = hal.load(floor).device()
        clients = [device.add_client() for _ in range(4)]
        audio = {client: eighths(20_000, client.id) for client in clients}
        heard = hal.run(audio)
        for client in clients:
            assert numpy.array_equal(heard[client][1024:], sum(audio.values()))
        assert not device.is_running and not any(client.running for client in clients)


def test_clients_with_buffers_of_their_own(floor):
    """Each hears what all play, each at the delay of its own buffer; frame counts vary."""
    with Host() as hal:
        device = hal.load(floor).device()
        small, large = device.add_client(), device.add_client()
        audio = {small: eighths(30_000, 1), large: eighths(30_000, 2)}
        heard = hal.run(audio, buffer={small: 64, large: 1000}, jitter=None, frames=28_000)
    mixed = numpy.zeros((30_000, 2), numpy.float32)
    # Both lines begin at the same time: frame i of a client is at output time i + its buffer.
    mixed[64:] += audio[small][:-64]
    mixed[1000:] += audio[large][:-1000]
    assert numpy.array_equal(heard[small][64:], mixed[: 28_000 - 64])
    assert numpy.array_equal(heard[large][1000:], mixed[: 28_000 - 1000])


def test_devices_of_several_plugins(floor, wide):
    with Host() as hal:
        first, second = hal.load(floor).device(), hal.load(wide).device()
        second.set_sample_rate(96_000.0)
        one, two, three = first.add_client(), second.add_client(), second.add_client()
        audio = {one: eighths(10_000), two: eighths(10_000, 2, 8), three: None}
        heard = hal.run(audio, seconds=0.25)
        assert [len(heard[client]) for client in (one, two, three)] == [12_000, 24_000, 24_000]
        assert numpy.array_equal(heard[one][1024:11_024], audio[one])
        assert numpy.array_equal(heard[two][1024:11_024], audio[two])
        assert numpy.array_equal(heard[three], heard[two])


def test_one_write_for_all_clients_of_a_device(tmp_path):
    """C5: every client's part, then pmix and rite once for the device."""
    driver = Operations(tmp_path)
    for client in (1, 2):
        driver.promise(client, "read", "rite", "pmix", *(["pout"] if client == 2 else []))
    with Host() as hal:
        device = hal.load(driver.path).device()
        clients = [device.add_client(), device.add_client()]
        for client in clients:
            device.start(client)
        driver.clear()
        hal.run(clients, frames=1024)
        order = [line for line in driver.order() if line.startswith("Do")]
        hal.pump()
    assert order == ["Do read 1", "Do read 2", "Do pout 2", "Do pmix 2", "Do rite 2"] * 2


def test_each_client_ends_its_output_as_it_was_promised(tmp_path):
    """One client is mixed by the driver, the other by the host; both are heard."""
    driver = Operations(tmp_path)
    driver.promise(1, "read", "mixo")
    driver.promise(2, "read", "rite")
    with Host() as hal:
        device = hal.load(driver.path).device()
        first, second = device.add_client(), device.add_client()
        hal.run({first: eighths(2000), second: eighths(2000)})
    done = {(call.op, call.client) for call in driver.calls if call.call == "Do"}
    assert done == {("read", 1), ("mixo", 1), ("read", 2), ("rite", 2)}


def test_a_client_that_skips_leaves_a_gap_and_disturbs_nobody(floor):
    with Host() as hal:
        device = hal.load(floor).device()
        steady, other = device.add_client(), device.add_client()
        device.start(steady)
        device.start(other)
        audio = eighths(20_480)
        hal.run({steady: audio[:10_240], other: None}, frames=10_240)
        other.skip(700)
        heard = hal.run({steady: audio[10_240:], other: None}, frames=10_240)
        assert numpy.array_equal(heard[steady][1024:], audio[10_240:-1024])


def test_misuse_is_explained(floor):
    with Host() as hal:
        device = hal.load(floor).device()
        with pytest.raises(UsageError, match="needs clients"):
            hal.run({})
        with pytest.raises(UsageError, match="seconds= or frames="):
            hal.run([device.add_client()])


def test_a_fault_of_one_client_ends_the_run(tmp_path):
    driver = Operations(tmp_path)
    for client in (1, 2):
        driver.promise(client, "read", "rite", "pout")
    driver.breaks("fails", "pout")
    with Host() as hal:
        device = hal.load(driver.path).device()
        with pytest.raises(HostError, match="'pout' answered 'what'"):
            hal.run([device.add_client(), device.add_client()], seconds=0.1)
        assert not device.is_running


def test_real_time_has_latencies(floor, tmp_path):
    with Host(clock="real") as hal:
        device = hal.load(floor).device()
        clients = [device.add_client(), device.add_client()]
        heard = hal.run(clients, seconds=0.2)
    for client in clients:
        latencies = heard.latencies[client]
        cycles = latencies["cycle"].count
        assert cycles == -(-9600 // 512) and latencies["stamp"].count == cycles
        assert latencies["wake"].count == cycles - 1  # the first cycle has no time to wake at
        for one in latencies.values():
            assert 0 <= one.percentile(50) <= one.percentile(99) <= one.most
        assert "SCHED_FIFO" in heard.latencies.scheduling[client]
    text = str(heard.latencies)
    assert "p50" in text and "p99" in text and "wake-up" in text
    pytest.importorskip("matplotlib")
    heard.latencies.picture(tmp_path / "latencies.png")
    assert (tmp_path / "latencies.png").read_bytes().startswith(b"\x89PNG")
