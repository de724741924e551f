"""From 0 to 1 within 50 ms, at every start and at any rate, in both shapes of the driver."""

import numpy as np
import pytest

from tympan.testing import Host


@pytest.mark.parametrize("buffer", [16, 511, 512, 4096])
@pytest.mark.parametrize("rate", [44_100.0, 48_000.0, 96_000.0])
def test_the_ramp(example, buffer, rate):
    """Frame k of n has k / n of the volume; then the audio passes bit for bit. Random buffer sizes change nothing."""
    noise = np.random.default_rng(0).uniform(-1, 1, (20_000, 2)).astype(np.float32)
    ramp = round(rate / 20)
    volume = np.minimum(np.arange(1, len(noise) + 1) / ramp, 1)[:, None]
    with Host() as hal:
        device = example.open(hal).device()
        device.set_sample_rate(rate)
        for _ in range(2):
            heard = device.render(noise, buffer, jitter=True)
            delay = len(heard) - len(noise)
            assert not heard[:delay].any()
            assert np.allclose(heard[delay:], volume * noise, rtol=0, atol=2e-7)
            assert np.array_equal(heard[delay + ramp :], noise[ramp:])


def test_committed_plist(example):
    example.check_plist()
