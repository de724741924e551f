"""Against scipy's lfilter, for every block size, rate and start, in both shapes of the driver."""

import numpy as np
import pytest
from scipy.signal import butter, lfilter

from tympan.testing import Host

RATES = [44_100.0, 48_000.0, 96_000.0, 192_000.0]


def noise(frames=24_000):
    return np.random.default_rng(0).uniform(-1, 1, (frames, 2)).astype(np.float32)


def reference(audio, rate):
    """scipy's Butterworth is the same filter as the cookbook's with Q = 1/sqrt(2)."""
    b, a = butter(2, 1000.0, fs=rate)
    return lfilter(b, a, audio.astype(np.float64), axis=0)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("buffer", [1, 16, 17, 64, 333, 512, 1000, 4096])
def test_matches_scipy(example, buffer, rate):
    audio = noise()
    with Host() as hal:
        device = example.open(hal).device()
        device.set_sample_rate(rate)
        heard = device.render(audio, buffer)[device.delay(buffer) :]
    assert np.abs(heard - reference(audio, rate)).max() < 1e-6


def test_varying_block_sizes(example):
    audio = noise()
    with Host() as hal:
        device = example.open(hal).device()
        heard = device.render(audio, 700, jitter=True)[device.delay(700) :]
    assert np.abs(heard - reference(audio, 48_000.0)).max() < 1e-6


def test_every_start_sounds_the_same(example):
    """The memory is reset in start_io; without that the second start would ring on."""
    audio = noise(5000)
    with Host() as hal:
        device = example.open(hal).device()
        first, second = device.render(audio), device.render(audio)
    assert np.array_equal(first, second)


def test_channels_do_not_meet(example):
    audio = noise(5000)
    audio[:, 1] = 0
    with Host() as hal:
        device = example.open(hal).device()
        assert not device.render(audio)[:, 1].any()


def test_committed_plist(example):
    example.check_plist()
