"""A driver whose declaration tests edit, and what its host hears of that."""

import numpy as np
from made_drivers import attached, device_spec

from tympan import DeviceSpec, Driver, StreamFormat, StreamSpec

DESK = "com.example.test.Device"
LISTS = {(1, "dev#", "glob", 0), (1, "ownd", "glob", 0)}


def other(number=1, channels=2, uid="com.example.test.Other"):
    stream = StreamFormat.float32(48_000.0, channels)
    spec = DeviceSpec(f"{uid}{number}", f"Other {number}", "tests")
    return spec.with_output(StreamSpec.output(stream)).with_input(StreamSpec.input(stream))


class Changing(Driver):
    """Its declaration is a list that tests edit."""

    NAME, MANUFACTURER, VERSION = "Changing", "tests", "1"
    FIRST = (device_spec(),)

    def devices(self):
        if not hasattr(self, "list"):
            self.list, self.told = list(self.FIRST), []
        return self.list

    def start_device(self, index):
        self.told.append(("start", index))

    def stop_device(self, index):
        self.told.append(("stop", index))

    def declare(self, *specs):
        self.list = list(specs)
        self.update()


def changing(*specs):
    return type("Made", (Changing,), {"FIRST": specs or (device_spec(),)})


class Plug:
    """A plug-in, its driver, and what the host has heard since the last look."""

    def __init__(self, hal, *specs, driver=None):
        self.hal, self.plugin = hal, attached(hal, driver or changing(*specs))
        self.driver, self.asked, self.seen = self.plugin.driver, [], 0
        original = self.plugin.request_change
        self.plugin.request_change = lambda *change: self.asked.append(change) or original(*change)

    def declare(self, *specs):
        self.driver.declare(*specs)
        self.hal.pump()

    def heard(self):
        start, self.seen = self.seen, len(self.plugin.notifications)
        return {item.key for item in self.plugin.notifications[start:]}

    def get(self, uid):
        (device,) = [device for device in self.plugin.devices if device.uid == uid]
        return device


def through(device, frames=3000):
    """Whether what is played into the device comes back."""
    played = np.random.default_rng(3).uniform(-1, 1, (frames, device.channels("outp"))).astype(np.float32)
    heard = device.render(played, 256, frames=frames + device.delay(256))[device.delay(256) :]
    return np.array_equal(heard, played[:, : heard.shape[1]])


def named(name, stream, *channels):
    spec = DeviceSpec(DESK, name, "tests")
    format = StreamFormat.float32(48_000.0, 2)
    spec = spec.with_output(StreamSpec.output(format)).with_output(StreamSpec.output(format).with_name(stream))
    return spec.with_input(StreamSpec.input(format).with_channel_names(*channels))


def four_streams():
    stream = StreamFormat.float32(48_000.0, 1)
    return device_spec().with_output(StreamSpec.output(stream)).with_input(StreamSpec.input(stream))


def with_controls(*controls):
    spec = device_spec()
    for control in controls:
        spec = spec.with_control(control)
    return spec
