"""Configuration changes (hal-protocol C6)."""

import struct

from subjects.lab import probe
from subjects.raw import DESK, code

ALLOCATIONS, RELEASES = range(2)
BITS = {"int16": 16, "int24": 24}


def settle(d):
    """Perform what was requested, until nothing is; the statuses."""
    answers = []
    while d.pump() or len(answers) < len(d.host.requests):
        for device, action, info in d.host.requests[len(answers) :]:
            answers.append(d.call("perform", device, action, info))
    return answers


def change_rate(d, rate):
    assert d.set_rate(DESK, rate) == 0
    return settle(d)


def integer_format(kind, channels=2, rate=48000.0):
    """An AudioStreamBasicDescription: signed, packed."""
    frame = channels * BITS[kind] // 8
    return struct.pack("<dIIIIIIII", rate, code("lpcm"), 12, frame, 1, frame, channels, BITS[kind], 0)


def change_format(d, stream, kind):
    assert d.set(stream, "pft ", integer_format(kind)) == 0
    assert settle(d) == [0]


def rate(d):
    return d.f64(DESK, "nsrt")


@probe("rate-changes-at-once")
def nothing_before_perform(d):
    d.set_rate(DESK, 96000)
    d.pump()
    return rate(d) == 48000


@probe("rate-never-changes")
def rate_changes(d):
    return change_rate(d, 96000) == [0] and rate(d) == 96000


@probe("any-rate-accepted")
def unknown_rate(d):
    return d.set_rate(DESK, 12345) != 0


@probe("same-rate-requested")
def same_rate(d):
    return d.set_rate(DESK, 48000) == 0 and d.pump() == 0 and d.host.requests == []


@probe("second-rate-lost")
def last_rate_wins(d):
    d.set_rate(DESK, 44100)
    d.pump()
    change_rate(d, 96000)
    return rate(d) == 96000


@probe("listed-format-refused")
def listed_format(d):
    return d.set(4, "pft ", integer_format("int16")) == 0


@probe("request-under-lock")
def performed_at_once(d):
    d.host.on_request = lambda device, action, info: 0 & d.call("perform", device, action, info)
    d.set_rate(DESK, 96000)
    d.pump()
    return rate(d) == 96000


def abort_first(d, new_rate=96000):
    d.set_rate(DESK, new_rate)
    d.pump()
    status = d.call("abort", *d.host.requests[-1])
    d.pump()
    return status


@probe("abort-applies")
def abort_keeps_rate(d):
    return abort_first(d) == 0 and rate(d) == 48000


@probe("abort-leaks-info", bundle="watched")
def abort_leaks_nothing(d):
    held = lambda: d.image.subject_calls(ALLOCATIONS) - d.image.subject_calls(RELEASES)  # noqa: E731
    before = held()
    abort_first(d)
    return held() == before


@probe("aborted-change-blocks-others")
def another_after_an_abort(d):
    abort_first(d)
    d.set_rate(DESK, 44100)
    d.pump()
    return len(d.host.requests) == 2


@probe("refused-change-blocks-others")
def another_after_a_refusal(d):
    d.host.on_request = lambda device, action, info: -1
    d.set_rate(DESK, 96000)
    d.pump()
    d.set_rate(DESK, 44100)
    d.pump()
    return len(d.host.requests) == 2


@probe("unknown-change-applied")
def unknown_change(d):
    d.call("perform", DESK, 987654, None)
    return rate(d) == 48000


@probe("perform-refused-while-running")
def running_does_not_matter(d):
    d.start()
    return change_rate(d, 96000) == [0]


@probe("perform-keeps-line")
def new_line(d):
    d.start()
    before = d.stamp()[3]
    change_rate(d, 96000)
    return d.stamp()[3] != before


@probe("perform-notifies-rate")
def host_finds_out_itself(d):
    change_rate(d, 96000)
    return d.host.told(DESK, "nsrt") == 0
