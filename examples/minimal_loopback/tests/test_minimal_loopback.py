"""Bit for bit, in both shapes of the driver."""

import numpy as np
import pytest

from tympan import COMMON_SAMPLE_RATES
from tympan.testing import Host


@pytest.mark.parametrize("rate", COMMON_SAMPLE_RATES)
def test_what_goes_in_comes_out(example, rate):
    noise = np.random.default_rng(0).uniform(-1, 1, (20_000, 2)).astype(np.float32)
    noise[:3] = np.array([[np.inf, -0.0], [1e-42, -np.inf], [3e38, 1]], np.float32)    # not for arithmetic
    with Host() as hal:
        device = example.open(hal).device()
        device.set_sample_rate(rate)
        heard = device.render(noise, 512, jitter=True)
    assert np.array_equal(heard[1024:].view(np.uint32), noise.view(np.uint32))


def test_committed_plist(example):
    example.check_plist()
