"""What process_io sees: operations, frames, times, formats; microphones and speakers."""

import numpy as np
import pytest

from tympan.testing import Host

SEEN = ("operation", "frames", "channels", "sample_time", "sample_rate", "cycle", "client", "nominal", "first")


@pytest.fixture(scope="module")
def probe(private_cache):
    """tests/probe.pyx: a driver whose process_io notes its arguments and adds a constant."""
    from pathlib import Path

    from tympan.bundle import import_driver

    return import_driver(Path(__file__).parent / "probe.pyx")


def configured(probe, **attributes):
    """A Python subclass of the probe with another declaration."""
    return type("Configured", (probe,), attributes)


def calls(device, probe):
    return [dict(zip(SEEN, values, strict=True)) for values in probe.seen()]


READ, WRITE = 0x72656164, 0x72697465


def ramp(frames, channels=2):
    return (np.arange(frames * channels, dtype=np.float32).reshape(frames, channels) + 1) / 2**15


def test_a_loopback_is_processed_once_on_the_way_in(probe):
    probe.forget()
    with Host() as hal:
        device = hal.attach(probe).device()
        heard = device.render(ramp(1000), 100)
    seen = calls(device, probe)
    assert {call["operation"] for call in seen} == {WRITE}
    assert np.array_equal(heard[200:], ramp(1000) + np.float32(0.25))


def test_both_operations_when_asked(probe):
    from tympan import IoOperation

    probe.forget()
    twice = configured(probe, IO_OPERATIONS=(IoOperation.READ_INPUT, IoOperation.WRITE_MIX), LATENCY=(5, 6))
    with Host() as hal:
        device = hal.attach(twice).device()
        heard = device.render(ramp(1000), 100)
        assert device.delay(100) == 211
    assert {call["operation"] for call in calls(device, probe)} == {READ, WRITE}
    assert np.array_equal(heard[211:], ramp(1000) + np.float32(0.5))


def test_times_and_counts(probe):
    probe.forget()
    with Host() as hal:
        device = hal.attach(probe).device()
        device.render(ramp(1000), 64, jitter=[64, 1, 63, 17])
    seen = calls(device, probe)
    assert [call["frames"] for call in seen[:5]] == [64, 1, 63, 17, 64]
    times = [call["sample_time"] for call in seen]
    assert all(b - a == call["frames"] for a, b, call in zip(times, times[1:], seen, strict=False))
    assert [call["cycle"] for call in seen] == list(range(1, len(seen) + 1))
    constant = ("sample_rate", "channels", "nominal", "client")
    assert {tuple(call[name] for name in constant) for call in seen} == {(48000.0, 2, 64, 1)}


@pytest.mark.parametrize("kind,bits", [("int16", 16), ("int24", 24), ("int32", 24), ("float32", 24)])
def test_every_format_is_float32_for_process_io(probe, kind, bits):
    probe.forget()
    with Host() as hal:
        device = hal.attach(configured(probe, KIND=kind)).device()
        heard = device.render(ramp(3000), 512, jitter=True)
    assert np.array_equal(heard[1024:], ramp(3000) + np.float32(0.25))
    assert calls(device, probe)[0]["first"] == ramp(1)[0, 0]


@pytest.mark.parametrize("kind", ["int16", "float32"])
def test_a_microphone_is_processed_on_reading(probe, kind):
    probe.forget()
    with Host() as hal:
        device = hal.attach(configured(probe, OUTPUTS=0, KIND=kind)).device()
        heard = device.render(None, 100, frames=1000)
    assert {call["operation"] for call in calls(device, probe)} == {READ}
    assert (heard == np.float32(0.25)).all(), "its input is silence"


def test_a_speaker_is_processed_on_writing(probe):
    probe.forget()
    with Host() as hal:
        device = hal.attach(configured(probe, INPUTS=0)).device()
        device.render(ramp(1000), 100)
    seen = calls(device, probe)
    assert {call["operation"] for call in seen} == {WRITE}
    assert [call["first"] for call in seen[:10]] == [ramp(1000)[i, 0] for i in range(0, 1000, 100)]


@pytest.mark.parametrize("inputs,outputs", [(1, 4), (4, 1)])
def test_channel_counts_of_their_own(probe, inputs, outputs):
    from tympan import IoOperation

    probe.forget()
    both = configured(
        probe, INPUTS=inputs, OUTPUTS=outputs, IO_OPERATIONS=(IoOperation.READ_INPUT, IoOperation.WRITE_MIX)
    )
    with Host() as hal:
        device = hal.attach(both).device()
        heard = device.render(ramp(900, outputs), 128)
    assert {(c["operation"], c["channels"]) for c in calls(device, probe)} == {(READ, inputs), (WRITE, outputs)}
    common = min(inputs, outputs)
    assert np.array_equal(heard[256:, :common], ramp(900, outputs)[:, :common] + np.float32(0.5))
    assert (heard[256:, common:] == np.float32(0.25)).all()


def test_buffers_larger_than_any_host_uses_come_in_parts(probe):
    probe.forget()
    with Host() as hal:
        device = hal.attach(probe).device()
        device.render(ramp(20_000), 20_000)
    frames = [call["frames"] for call in calls(device, probe)]
    assert max(frames) <= 8192 and sum(frames[:3]) == 20_000


def test_native_bytes(probe):
    probe.forget()
    with Host() as hal:
        device = hal.attach(configured(probe, KIND="int16", IO_FORMAT="native", ADD=0)).device()
        heard = device.render(ramp(1000), 100)
    first = calls(device, probe)[0]["first"]
    assert np.array_equal(heard[200:], ramp(1000))
    assert first == np.frombuffer(np.array([1, 2], "<i2").tobytes(), "<f4")[0], "two int16 samples, seen as one float"


def test_io_before_start_is_refused(probe):
    from tympan import OSStatus

    with Host() as hal:
        plugin = hal.attach(probe)
        assert plugin.table.zero_time_stamp(2)[0] == int(OSStatus("stop"))


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -float("inf"), 1e300, -1e300, 2.0**62])
def test_times_that_no_frame_has(time):
    """Refused; a read answers silence; nothing is written."""
    from made_drivers import driver_class

    from tympan import OSStatus

    with Host() as hal:
        device = hal.attach(driver_class()).device()
        client = device.add_client()
        device.start(client)
        for operation, stream in ((READ, 3), (WRITE, 4)):
            got, data = device.plugin.table.operation(device.id, stream, client.id, operation, time, bytes(64 * 8))
            assert got == int(OSStatus("nope"))
        assert data == bytes(64 * 8)
