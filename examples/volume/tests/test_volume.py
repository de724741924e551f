"""As loud as the sliders say, at once from the start and within 20 ms later, without a click; in both shapes."""

import numpy as np
import pytest

from tympan.testing import Host

NOISE = np.random.default_rng(0).uniform(-1, 1, (4800, 2)).astype(np.float32)


def control(plugin, device, class_code):
    (found,) = [item for item in plugin.get_ids(device, "ctrl") if plugin.get_code(item, "clas") == class_code]
    return found


@pytest.mark.parametrize(("decibels", "gain"), [(0.0, 1.0), (-20.0, 0.1), (-40.0, 0.01), (-64.0, 0.0)])
def test_volume(example, decibels, gain):
    """The low end is silence."""
    with Host() as hal:
        plugin = example.open(hal)
        device = plugin.device()
        plugin.set_float32(control(plugin, device, "vlme"), "lcdv", decibels)
        heard = device.render(NOISE, 512, frames=len(NOISE) + device.delay(512))[device.delay(512) :]
    assert np.allclose(heard, gain * NOISE, rtol=1e-5, atol=0)


def test_mute_and_back(example):
    with Host() as hal:
        plugin = example.open(hal)
        device = plugin.device()
        mute = control(plugin, device, "mute")
        for value, gain in ((1, 0), (0, 1)):
            plugin.set_uint32(mute, "bcvl", value)
            heard = device.render(NOISE, 512, frames=len(NOISE) + device.delay(512))[device.delay(512) :]
            assert np.array_equal(heard, gain * NOISE)


@pytest.mark.parametrize("rate", [44_100.0, 48_000.0])
def test_a_change_while_it_plays_does_not_click(example, rate):
    """A constant is played: no frame is further from the one before than 1 / (20 ms)."""
    ones = np.ones((6000, 2), np.float32)
    with Host() as hal:
        plugin = example.open(hal)
        device = plugin.device()
        device.set_sample_rate(rate)
        client, delay = device.add_client(), device.delay(300)
        device.start(client)
        heard = []
        for value in (1.0, 0.0, 1.0):
            plugin.set_float32(control(plugin, device, "vlme"), "lcsv", value)
            heard.append(device.render(ones, 300, frames=6000, client=client))
    heard = np.concatenate(heard)[delay:]
    assert np.abs(np.diff(heard, axis=0)).max() < 1.01 / (0.02 * rate)
    assert heard.min() == 0 and heard[0].all() and heard[-1].min() == 1


def test_committed_plist(example):
    example.check_plist()
