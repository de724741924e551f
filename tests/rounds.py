"""A thousand rounds of drivers whose control methods raise; run under AddressSanitizer by test_sanitizers.py.

Each round makes a new plug-in, which raises in one method with one exception, is
tried again, plays, and goes. At the end LeakSanitizer, when it is there, looks for
memory that nothing points to.
"""

import ctypes
import sys

from made_drivers import device_spec, driver_class

from tympan import HalError
from tympan._errors import HostError
from tympan.testing import Host

METHODS = ("device", "initialize", "start_io", "stop_io")
# Made anew for each round: an exception keeps its frames, and they keep the plug-in.
ERRORS = (lambda: HalError("nope"), lambda: RuntimeError("broken"), KeyboardInterrupt, MemoryError)


def failing(method, error, broken):
    """A driver whose ``method`` raises as long as ``broken`` holds something."""
    spec = device_spec(2, 2).with_sample_rates(44_100, 48_000)

    def control(self):
        if broken:
            raise error()
        return spec

    return driver_class(spec, **{method: control})


def play(hal, driver, rate):
    device = hal.attach(driver).devices[0]
    device.set_sample_rate(rate)
    device.render(None, 64, frames=200)


def one_round(number):
    method, error = METHODS[number % 4], ERRORS[number // 4 % 4]
    broken = [True]
    driver = failing(method, error, broken)
    with Host() as hal:
        try:
            play(hal, driver, 44_100.0)
        except HostError:
            pass
        else:
            raise AssertionError(f"{method} raised and nobody noticed")
        assert sum("raised" in line for line in hal.log) == 1, hal.log
        broken.clear()
        play(hal, driver, 44_100.0)


def lost_memory():
    """LeakSanitizer's verdict now, while everything in use is still reachable; None without it."""
    try:
        return ctypes.CDLL(None).__lsan_do_recoverable_leak_check()
    except AttributeError:
        return None


def main(hundreds):
    # LeakSanitizer does not look into the interpreter's own stack, so nothing that
    # was allocated may live there while it looks: small integers are not.
    for _ in range(hundreds):
        for number in range(100):
            one_round(number)
    leaks = lost_memory()
    print(f"{100 * hundreds} rounds, leaks: {leaks}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
