"""The audio is untouched, and the log has its peaks, in both shapes of the driver."""

import math
import re

import numpy as np
import pytest

from tympan.testing import Host

LINE = re.compile(r"([\d.]+) s: left (silent|-?[\d.]+ dB), right (silent|-?[\d.]+ dB)")


def level(text):
    """The peak that a text such as ``-6.0 dB`` stands for."""
    return 0.0 if text == "silent" else 10 ** (float(text.removesuffix(" dB")) / 20)


def readings(log):
    """(seconds, left, right) of each line, all of which must be readings."""
    found = [LINE.fullmatch(line) for line in log]
    assert all(found), log
    return [(float(line[1]), level(line[2]), level(line[3])) for line in found]


@pytest.mark.parametrize("buffer", [64, 511, 512])
@pytest.mark.parametrize("rate", [44_100.0, 48_000.0])
def test_peaks(example, buffer, rate):
    """Half a second: the left channel rises from reading to reading, the right one is silent."""
    frames = int(rate / 2)
    ramp = (np.arange(frames) / frames).astype(np.float32)
    audio = np.stack([ramp * np.where(np.arange(frames) % 2, 1, -1).astype(np.float32), np.zeros_like(ramp)], axis=1)
    with Host() as hal:
        device = example.open(hal).device()
        device.set_sample_rate(rate)
        heard = device.render(audio, buffer, frames=frames + device.delay(buffer))
        found = readings(hal.log)
    assert np.array_equal(heard[device.delay(buffer) :], audio)
    loud = [reading for reading in found if reading[1]]
    assert 4 <= len(loud) <= 6
    for seconds, left, right in loud[:4]:
        assert right == 0
        assert math.isclose(left, 2 * seconds, rel_tol=0.012, abs_tol=0.011), "the value at that time, as printed"


def test_every_start_begins_anew(example):
    """And the thread that logs ends with each stop: nothing is logged afterwards."""
    with Host() as hal:
        device = example.open(hal).device()
        for _ in range(3):
            before = len(hal.log)
            device.render(np.full((9600, 2), 0.5, np.float32), 512)
            found = readings(hal.log[before:])
            assert 0.1 <= found[0][0] <= 0.12 and math.isclose(found[0][1], 0.5, rel_tol=0.01)


def test_committed_plist(example):
    example.check_plist()
