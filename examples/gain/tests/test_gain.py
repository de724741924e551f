"""Half, once, bit for bit, in both shapes of the driver."""

import numpy as np
import pytest

from tympan.testing import Host


@pytest.mark.parametrize("buffer", [16, 511, 512, 4096])
@pytest.mark.parametrize("rate", [44_100.0, 48_000.0, 96_000.0])
def test_half_once(example, buffer, rate):
    """Not a quarter: the loopback passes the driver twice and is processed once."""
    noise = np.random.default_rng(0).uniform(-1, 1, (80_000, 2)).astype(np.float32)      # twice round the ring
    with Host() as hal:
        device = example.open(hal).device()
        device.set_sample_rate(rate)
        heard = device.render(noise, buffer, jitter=True)
    delay = 2 * buffer
    assert not heard[:delay].any()
    assert np.array_equal(heard[delay:], np.float32(0.5) * noise)


def test_committed_plist(example):
    example.check_plist()
