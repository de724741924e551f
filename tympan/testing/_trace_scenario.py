"""The session that ``trace record`` records: everything a host does with a device, the same for the same seed."""

import random

import numpy

from tympan._errors import HostError
from tympan.testing._calls import TYPES

_SCOPES = ("glob", "inpt", "outp")


def play(plugin, seed=0, seconds=1.0):
    """Ask every object for every standard property, play noise in cycles of odd sizes, and change the sample rate."""
    _walk(plugin, 1, set())
    for device in plugin.devices:
        _converse(plugin, device, random.Random(seed), seconds)


def _walk(plugin, number, seen):
    """One object and what it owns."""
    seen.add(number)
    for selector, kind in TYPES.items():
        for scope in _SCOPES:
            if plugin.has(number, selector, scope):
                _ask(plugin, number, selector, kind, scope)
    for owned in plugin.get_ids(number, "ownd") if plugin.has(number, "ownd") else []:
        if owned not in seen:
            _walk(plugin, owned, seen)


def _ask(plugin, number, selector, kind, scope):
    """A property's value; some need a qualifier or a number that this host does not have."""
    if selector in ("lcsd", "lcds", "scin", "clkk"):
        return
    plugin.is_settable(number, selector, scope)
    if selector in ("uidd", "uidb", "uidc", "uide"):
        with plugin.with_string("no such UID") as qualifier:
            plugin.get(number, selector, scope, qualifier=qualifier, size=4)
    elif kind == "reference" and selector != "icon":
        plugin.get_string(number, selector, scope)
    elif selector != "icon":
        plugin.get(number, selector, scope)


def _converse(plugin, device, choose, seconds):
    """Two clients, one of which stays while the other comes and goes, and a change of the rate while they run."""
    noise = numpy.random.default_rng(choose.randrange(1 << 30))
    stays, comes = device.add_client(), device.add_client(pid=502, bundle_id=None)
    device.start(stays)
    _cycles(device, stays, noise, choose, seconds / 2)
    device.start(comes)
    _cycles(device, comes, noise, choose, seconds / 4)
    device.stop(comes)
    _change_rate(plugin, device)
    _cycles(device, stays, noise, choose, seconds / 4)
    device.remove_client(comes)
    device.remove_client(stays)
    plugin.hal.pump()


def _cycles(device, client, noise, choose, seconds):
    frames, channels = int(device.sample_rate * seconds), device.channels("outp")
    while frames > 0:
        count = min(choose.randint(32, 1024), frames)
        audio = noise.uniform(-1, 1, (count, channels)).astype(numpy.float32) if channels else None
        device.cycle(audio, client, count, buffer=1024)
        frames -= count


def _change_rate(plugin, device):
    """To the next rate that the device offers; one that refuses is traced as well."""
    rates = [low for low, _ in device.sample_rates if low != device.sample_rate]
    if rates:
        try:
            device.set_sample_rate(rates[0])
        except HostError:
            plugin.hal.pump()
