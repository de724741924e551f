"""One driver per way to break a realtime rule; its first line says which net catches it, and with what sentence.

``compile``: it does not become a binary at all. ``generated`` and ``binary``:
the two static nets. ``warning``: said to be not proved; fails with --strict.
Those of the net ``binary``, more than half, are in test_realtime_static_bad_binary.py.
"""

import pytest
from made_checks import BAD, DRIVERS, caught, expected

from tympan.bundle.realtime import check_realtime, render

OTHERS = [path for path in BAD if expected(path)[0] != "binary"]


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_caught_by_its_net(path):
    net, message = expected(path)
    assert caught(path)[0] == (net, message)


@pytest.mark.parametrize("path", [path for path in BAD if expected(path)[0] == "warning"], ids=lambda path: path.stem)
def test_what_was_not_proved_fails_when_asked(path):
    report = check_realtime(path, strict=True)
    assert report.exit_code == 1, render.as_text(report)
    report.strict = False
    assert report.exit_code == 0


def test_there_are_enough_for_every_net():
    nets = [expected(path)[0] for path in BAD]
    assert len(BAD) >= 30
    assert set(nets) == {"compile", "generated", "binary", "warning"}


#: What the project promises to catch, and the driver that does it.
WAYS = {
    "malloc": "malloc", "free": "free", "realloc through a helper": "realloc_helper", "with gil": "with_gil",
    "a helper without noexcept": "no_noexcept", "a bounds-checked memoryview": "bounds",
    "a slice that drops the last reference": "last_view", "an exception through C": "error_from_c",
    "print": "print", "printf": "printf", "open": "open", "a mutex": "mutex", "a condition": "condition",
    "sleep": "sleep", "starting a thread": "thread", "recursion": "recursion", "a loop without an end": "endless",
    "a call of the host": "host_call", "a call of the log": "logging", "a Python attribute": "python_attribute",
    "a division by 0": "zero_divisor", "a division by what may be 0": "division", "a huge array": "stack_array",
    "growth of a C++ vector": "vector", "initialisation on first use": "once", "a hidden lock in libc": "rand",
    "only on the 1000th cycle": "thousandth_cycle", "only at one buffer size": "one_size",
    "only in ReadInput": "read_input_only", "only in GetZeroTimeStamp": "zero_time_stamp",
}  # fmt: skip


def test_every_way_has_a_driver_of_its_own():
    assert len(set(WAYS.values())) == len(WAYS)
    for name in WAYS.values():
        assert DRIVERS / f"rt_bad_{name}.pyx" in BAD


def test_what_takes_the_interpreter_is_seen_by_both_nets():
    for name in ("with_gil", "gil_helper", "no_noexcept_void", "bounds", "last_view"):
        nets = {net for net, _ in caught(DRIVERS / f"rt_bad_{name}.pyx")}
        assert nets == {"generated", "binary"}, name
