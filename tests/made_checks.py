"""The realtime check of the drivers in tests/drivers, each done once per process."""

import functools
from pathlib import Path

from tympan._errors import BuildError
from tympan.bundle.realtime import check_realtime

DRIVERS = Path(__file__).parent / "drivers"
GAIN = Path(__file__).parents[1] / "examples" / "gain" / "gain.pyx"
BAD = sorted(DRIVERS.glob("rt_bad_*.pyx"))
GOOD = sorted(DRIVERS.glob("rt_good_*.pyx"))


def path_of(name):
    """A driver's file; "gain" is the example."""
    return GAIN if name == "gain" else DRIVERS / f"rt_{name}.pyx"


def expected(path):
    """(net, first line of the message) from a bad driver's first line; more comments may follow."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    net, _, message = first.removeprefix("# expect: ").partition(" ")
    return net, message


@functools.cache
def checked(path):
    """The ``Report`` of a driver, which nobody may change."""
    return check_realtime(path)


@functools.cache
def caught(path):
    """[(net, first line)] of everything that is found, the first of which is what the author reads."""
    try:
        report = checked(path)
    except BuildError as error:
        return [("compile", str(error))]
    return [(item.net, item.first_line) for item in report.offences] or not_proved(report)


def not_proved(report):
    """[("warning", first line)] of what was not proved."""
    return [("warning", item.first_line) for item in report.warnings]
