"""How much faster than real time the simulated host is in virtual time: python bench/host.py.

A stereo loopback at 48 kHz (bench/floor.c), buffers of 512 frames, one core. Processor
time, not wall time, so that other work on the machine counts less; the best of five.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from c_drivers.build import make_bundle

from tympan.testing import Host

SECONDS = 60
GOAL = 1000


def ratio(action):
    """Seconds of audio per second of processor."""
    times = []
    for _ in range(5):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return SECONDS / min(times)


def main():
    """Print one line per way to play."""
    audio = numpy.random.default_rng(1).uniform(-1, 1, (48_000 * SECONDS, 2)).astype(numpy.float32)
    with tempfile.TemporaryDirectory() as folder, Host() as hal:
        device = hal.load(make_bundle(folder, "Floor")).device()
        one, two = device.add_client(), device.add_client()
        ways = {
            "render": lambda: device.render(audio),
            "run, one client": lambda: hal.run({one: audio}),
            "run, two clients mixed": lambda: hal.run({one: audio, two: audio}),
            "interleave, call by call": lambda: hal.interleave(lambda: device.render(audio)),
        }
        for name, action in ways.items():
            found = ratio(action)
            print(f"{name:26}{found:8.0f} x real time   goal {GOAL}: {'met' if found >= GOAL else 'missed'}")


if __name__ == "__main__":
    main()
