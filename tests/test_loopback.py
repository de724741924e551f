"""Loopback, bit for bit: whatever is played is recorded, exactly delay(buffer) frames later."""

import numpy as np
import pytest
from made_drivers import device_spec, driver_class

from tympan import COMMON_SAMPLE_RATES
from tympan.testing import Host

PATTERN = 65521  # prime: does not fall into step with the ring or with any buffer
DAY = 86400
RATES = [44_100.0, 48_000.0, 96_000.0, 192_000.0]


def pattern(channels):
    """float32 values that int16 holds exactly, different in every frame and channel."""
    rng = np.random.default_rng(channels)
    return (rng.integers(-(2**15), 2**15, (PATTERN, channels)) / 2**15).astype(np.float32)


def section(table, start, frames):
    return table[np.arange(start, start + frames) % PATTERN]


def play(device, client, table, total, buffer, jitter=None, chunk=1 << 17):
    """Play ``total`` frames of the pattern through a running client and compare everything."""
    delay, done = device.delay(buffer), 0
    chunk -= chunk % buffer         # whole cycles, so that one chunk continues the other
    while done < total:
        frames = min(chunk, total - done)
        got = device.render(section(table, done, frames), buffer, frames, jitter, seed=done, client=client)
        want = section(table, done - delay, frames)
        silent = max(0, min(delay - done, frames))
        want[:silent] = 0
        assert np.array_equal(got.view(np.uint32), want.view(np.uint32)), f"different in {done} ... {done + frames}"
        done += frames


def loopback(channels, rate, **options):
    spec = device_spec(channels, channels, rate, **options).with_safety_offset(input=7, output=55).with_latency(3, 9)
    return driver_class(spec)


def check(channels, rate, buffer, seconds, jitter=None, **options):
    with Host() as hal:
        device = hal.attach(loopback(channels, rate, **options)).devices[0]
        client = device.add_client()
        device.start(client)
        play(device, client, pattern(channels), int(seconds * rate), buffer, jitter)


@pytest.mark.parametrize("buffer", [16, 17, 128, 333, 512, 1024, 4095, 4096])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2, 8, 64])
def test_every_geometry(channels, rate, buffer):
    check(channels, rate, buffer, seconds=150_000 / rate)       # more than four rounds of the ring


@pytest.mark.parametrize("buffer", [16, 512, 4096])
@pytest.mark.parametrize("channels", [1, 2, 8, 64])
def test_varying_frame_counts(channels, buffer):
    check(channels, 48_000.0, buffer, seconds=4, jitter=True)


def test_odd_frame_counts():
    """Also above the nominal count: up to twice, the host still writes before it reads."""
    check(2, 44_100.0, 512, seconds=10, jitter=[511, 513, 1, 1023, 2, 77])


@pytest.mark.parametrize("channels,rate", [*((c, r) for c in (1, 2, 8) for r in RATES), (64, 48_000.0)])
def test_ten_minutes(channels, rate):
    check(channels, rate, 512, seconds=600, jitter=(1, 700))


@pytest.mark.deep
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2, 8, 64])
@pytest.mark.parametrize("buffer", [16, 512, 4096])
def test_ten_minutes_of_every_geometry(channels, rate, buffer):
    check(channels, rate, buffer, seconds=600, jitter=True)


@pytest.mark.parametrize("sample_type", ["int16", "int24", "int32"])
def test_integer_formats(sample_type):
    check(2, 48_000.0, 512, seconds=5, jitter=True, sample_type=sample_type)


MIXED = [("float32", "int16"), ("int16", "float32"), ("int24", "int16"), ("int32", "int24")]


@pytest.mark.parametrize("output,input", MIXED)
def test_different_formats(output, input):
    check(2, 48_000.0, 512, seconds=5, sample_type=output, input_type=input)


@pytest.mark.parametrize("rate", [44_100.0, 192_000.0])
@pytest.mark.parametrize("timebase", [(1, 1), (125, 3)])
def test_a_jump_of_a_hundred_days(rate, timebase):
    table = pattern(2)
    with Host(timebase=timebase) as hal:
        device = hal.attach(loopback(2, rate)).devices[0]
        client = device.add_client()
        device.start(client)
        play(device, client, table, 50_000, 512)
        for days in (1, 100, 100):
            hal.advance(seconds=days * DAY)
            quiet = device.render(None, 512, 4 * device.delay(512), client=client)
            assert not quiet.any(), "audio from before the jump was played again"
            play(device, client, table, 150_000, 512, jitter=True)


@pytest.mark.parametrize("input", ["float32", "int16", "int24"])
@pytest.mark.parametrize("outputs,inputs", [(2, 1), (1, 2), (2, 8), (8, 2), (64, 3), (300, 270)])
def test_channel_counts_of_their_own(outputs, inputs, input):
    """The first channels in common pass; the others are silent."""
    with Host() as hal:
        device = hal.attach(driver_class(device_spec(outputs, inputs, input_type=input))).devices[0]
        audio = section(pattern(outputs), 0, 40_000)
        got = device.render(audio, 480)[device.delay(480):]
        common = min(outputs, inputs)
        assert np.array_equal(got[:, :common], audio[:, :common])
        assert not got[:, common:].any()


def test_the_writer_stops_and_nothing_repeats():
    with Host() as hal:
        device = hal.attach(driver_class()).devices[0]
        client = device.add_client()
        device.start(client)
        device.render(section(pattern(2), 0, 48_000), 512, 48_000, client=client)
        tail = device.render(None, 512, 200_000, client=client)
        assert tail[: device.delay(512)].any()
        assert not tail[device.delay(512) :].any()


def test_a_second_start_is_silent():
    with Host() as hal:
        device = hal.attach(driver_class()).devices[0]
        for _ in range(3):
            got = device.render(section(pattern(2), 0, 5000), 512)
            assert not got[: device.delay(512)].any()


def test_a_start_with_a_larger_buffer_does_not_reach_back():
    """The second client reads times that the first one wrote, on another line."""
    with Host() as hal:
        device = hal.attach(driver_class()).devices[0]
        device.render(section(pattern(2), 0, 30_000), 16)
        got = device.render(section(pattern(2), 0, 5000), 2048)
        assert not got[: device.delay(2048)].any()


def test_all_common_rates_after_a_configuration_change():
    with Host() as hal:
        device = hal.attach(driver_class(device_spec().with_sample_rates())).devices[0]
        for rate in COMMON_SAMPLE_RATES:
            device.set_sample_rate(rate)
            assert device.sample_rate == rate
            audio = section(pattern(2), 0, 30_000)
            assert np.array_equal(device.render(audio, 256)[device.delay(256):], audio)
