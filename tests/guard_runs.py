"""Run drivers under the simulated host's guard, in a process of their own: what did it say?

Usage: python guard_runs.py RESULTS [--without KIND] [--stuck] DRIVER.pyx ...

One JSON line per driver goes into RESULTS: [name, kind, first line of the message], the kind "no" when
the guard was silent. ``--without`` takes away that kind's traps (those by name and the kernel's; "kernel":
only the kernel's). ``--stuck``: the call never returns, so another thread looks.
What drivers print goes nowhere.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy

import tympan.testing._guard as guard
from tympan.bundle import import_driver
from tympan.testing import Host, RealtimeViolation

#: Frames of the cycles: the size that one driver waits for, and odd ones.
SIZES = [512, 64, 96, 1, 17]
ROUNDS = 210  # 1050 cycles: what one driver does, it does on the 1000th
#: Samples: louder than 1, half of which is the -1 that C functions use for "an exception was raised", silence.
SAMPLES = (1.5, -2.0, 0.0, 0.25, -2.0)


def play(device):
    """Everything that drivers are known to wait for before they misbehave, loud from the first frame on."""
    client = device.add_client()
    device.start(client)
    counts = SIZES * ROUNDS
    audio = numpy.resize(numpy.float32(SAMPLES), (sum(counts), device.channels("outp")))
    device.render(audio, buffer=512, frames=sum(counts), jitter=counts, client=client)


def outcome(path):
    """(kind, first line) of the guard's first word about the driver at ``path``; ("no", "") when it had none."""
    with Host() as hal:
        try:
            play(hal.attach(import_driver(path)).device())
        except RealtimeViolation as error:
            return error.violations[0].kind, str(error).splitlines()[0]
    return "no", ""


def stuck(path, say):
    """The same for a driver whose call does not return: ends this process."""

    def look():
        while not (found := guard._package.violations()):
            time.sleep(0.01)
        say(found[0].kind, str(guard.ForbiddenCall(found)).splitlines()[0])
        os._exit(0)

    threading.Thread(target=look, daemon=True).start()
    say(*outcome(path))


def pull(what):
    """Take away the traps of one kind, those by name and those of the kernel; "kernel": only the latter."""
    with Host():  # so that the traps are there
        pass
    core = guard._package._guard
    kinds = guard._package._violation.KINDS
    core._pull_teeth([symbol for symbol, _, kind, _ in core.hooks() if kinds[kind] == what], system_calls=True)


def main(results, *arguments):
    if "--without" in arguments:
        pull(arguments[arguments.index("--without") + 1])
    for path in (Path(argument) for argument in arguments if argument.endswith(".pyx")):
        with open(results, "a", encoding="utf-8") as file:

            def say(kind, line, name=path.name, file=file):
                file.write(json.dumps([name, kind, line]) + "\n")
                file.flush()

            if "--stuck" in arguments:
                stuck(path, say)
            else:
                say(*outcome(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
