"""One driver per way to break a realtime rule; its first line says which net catches it, and with what sentence.

``compile``: it does not become a binary at all. ``generated`` and ``binary``:
the two static nets. ``warning``: said to be not proved; fails with --strict.
"""

from pathlib import Path

import pytest

from tympan._errors import BuildError
from tympan.bundle.realtime import check_realtime, render

BAD = sorted((Path(__file__).parent / "drivers").glob("rt_bad_*.pyx"))


def expected(path):
    """(net, first line of the message) from a driver's first line."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    net, _, message = first.removeprefix("# expect: ").partition(" ")
    return net, message


def caught(path):
    """[(net, first line)] of everything that is found, the first of which is what the author reads."""
    try:
        report = check_realtime(path)
    except BuildError as error:
        return [("compile", str(error))]
    found = [(item.net, item.first_line) for item in report.offences]
    return found or [("warning", item.first_line) for item in report.warnings]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_caught_by_its_net(path):
    net, message = expected(path)
    first = caught(path)[0]
    if net == "compile":
        assert first[0] == net and first[1].startswith(message)
    else:
        assert first == (net, message)


@pytest.mark.parametrize("path", [path for path in BAD if expected(path)[0] == "warning"], ids=lambda path: path.stem)
def test_what_was_not_proved_fails_when_asked(path):
    report = check_realtime(path, strict=True)
    assert report.exit_code == 1, render.as_text(report)
    assert check_realtime(path).exit_code == 0


def test_there_are_enough_for_every_net():
    nets = [expected(path)[0] for path in BAD]
    assert len(BAD) >= 30
    assert set(nets) == {"compile", "generated", "binary", "warning"}


def test_what_takes_the_interpreter_is_seen_by_both_nets():
    for name in ("with_gil", "gil_helper", "no_noexcept_void", "bounds", "last_view"):
        nets = {net for net, _ in caught(BAD[0].parent / f"rt_bad_{name}.pyx")}
        assert nets == {"generated", "binary"}, name
