"""What a bundle does with audio, as numbers that are equal only when every bit is: python play.py BUNDLE.

In a process of its own: images are never unloaded, and a trap ends the process.
"""

import hashlib
import json
import sys

import numpy as np

from tympan.testing import Host

NOISE = np.random.default_rng(6).uniform(-1.5, 1.5, (20_000, 8)).astype(np.float32)
#: What the volume is set to, one after the other, as a scalar.
SETTINGS = (0.9, 0.35, 1.0)


def played(device, client, buffer):
    """The digest of what comes back of noise, with changing buffer sizes."""
    noise = np.ascontiguousarray(NOISE[:, : device.channels("outp")])
    heard = device.render(noise, buffer, jitter=True, client=client)
    assert heard.any(), "silence"
    return hashlib.sha256(heard.tobytes()).hexdigest()


def numbers(plugin, device):
    """Every rate, small, odd and large buffers; the volume moved while it plays."""
    for rate in sorted({low for low, _ in device.sample_rates}):
        device.set_sample_rate(rate)
        for buffer in (16, 333, 512, 4096):
            client = device.add_client()
            device.start(client)
            yield f"{rate:g} Hz, {buffer} frames", played(device, client, buffer)
            for number in volumes(plugin, device):
                for value in SETTINGS:
                    plugin.set_float32(number, "lcsv", value)
                    yield f"{rate:g} Hz, {buffer} frames, volume {value}", played(device, client, buffer)
            device.stop(client)
            device.remove_client(client)


def volumes(plugin, device):
    """The ids of the device's volumes."""
    return [number for number in plugin.get_ids(device, "ctrl") if plugin.get_code(number, "clas") == "vlme"]


def main(path):
    with Host() as hal:
        plugin = hal.load(path)
        found = dict(numbers(plugin, plugin.device()))
        print(json.dumps({"audio": found, "log": list(hal.log)}))


if __name__ == "__main__":
    main(sys.argv[1])
