"""Drivers through the simulated host, for AddressSanitizer: tour.py FILE=FACTOR ..., modules and bundles.

FACTOR is what is to be heard, of what was played; 0 for anything. Prints how many rounds there were and how many
leaks LeakSanitizer sees while everything in use is still reachable.
"""

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy
from rounds import lost_memory

from tympan import Driver
from tympan._errors import HostError
from tympan.testing import Host

SELECTORS = (
    "bcls clas stdv ownd lnam lmak lmod lchn piid dev# box# uidd uidb rsrc uid* muid tran akin livn goin dflt sflt "
    "hidn ltnc saft stm# ctrl nsrt nsr# dch2 srnd clkd ring clok cstb sact sdir term schn sfmt pft* sfma pfta none"
)
CODES = [int.from_bytes(name.replace("*", " ").encode(), "big") for name in SELECTORS.split()]
SCOPES = [int.from_bytes(name, "big") for name in (b"glob", b"inpt", b"outp", b"****")]


def driver_class(path):
    """The one driver of an extension module."""
    name = path.name.partition(".")[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = (item for item in vars(module).values() if isinstance(item, type) and issubclass(item, Driver))
    return next(item for item in classes if item is not Driver)


def properties(plugin):
    """Every selector in every place, with room for more, for less and for nothing."""
    table = plugin.table
    for object_id, code, scope, element in itertools.product(range(7), CODES, SCOPES, range(3)):
        status, size = table.size(object_id, code, scope, element)
        assert table.has(object_id, code, scope, element) == (not status), (object_id, code)
        for room in (size, size + 8, size // 2, 0) if not status else ():
            plugin_status, written, memory, _ = table.get(object_id, code, scope, element, b"", room)
            if not plugin_status:
                plugin._release_reference(memory, written)


def play(device, factor):
    """Audio at many sizes; compared where it is known."""
    channels = device.channels("outp")
    audio = numpy.random.default_rng(1).integers(-(2**13), 2**13, (9000, channels)).astype(numpy.float32) / 2**15
    for buffer in (16, 17, 96, 333, 512, 1024, 4096):
        heard = device.render(audio, buffer, len(audio), jitter=True if buffer == 333 else None)
        late = device.delay(buffer)
        if factor:
            common = min(channels, heard.shape[1])
            assert numpy.array_equal(heard[late:, :common], audio[: len(audio) - late, :common] * factor), buffer


def out_of_place(plugin, device):
    """IO calls at times at which nothing can be heard."""
    for scope, operation in (("outp", 0x72697465), ("inpt", 0x72656164)):
        for stream in device.streams(scope):
            memory = bytes(64 * stream.format.bytes_per_frame)
            for time in (-1.0, 0.5, 2.0**53, -(2.0**53), 1e300, float("nan"), float("inf")):
                plugin.table.operation(device.id, stream.id, 1, operation, time, memory)


def one_round(subject, factor):
    with Host() as hal:
        plugin = hal.load(subject) if isinstance(subject, Path) else hal.attach(subject)
        device = plugin.devices[0]
        properties(plugin)
        for rate, _ in device.sample_rates:
            device.set_sample_rate(rate)
            play(device, factor)
        out_of_place(plugin, device)


def tour(argument):
    file, _, factor = argument.rpartition("=")
    path = Path(file)
    subject = path if path.suffix == ".driver" else driver_class(path)
    for _ in range(3):
        one_round(subject, float(factor))
    return 3


def main():
    # Nothing that was allocated may live on the interpreter's own stack now: see rounds.py.
    rounds = sum(map(tour, sys.argv[1:]))
    leaks = lost_memory()
    print(f"{rounds} rounds, leaks: {leaks}")


if __name__ == "__main__":
    try:
        main()
    except HostError as error:
        sys.exit(f"HostError: {error}")
