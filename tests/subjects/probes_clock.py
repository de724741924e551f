"""Clients, start and stop, zero time stamps (hal-protocol C4, C5)."""

import threading

from subjects.lab import probe
from subjects.probes_changes import change_rate
from subjects.raw import DESK, WIRE

from tympan.testing import _platform

PERIOD = 16384


def running(d, device=DESK):
    return d.u32(device, "goin")


def started_for(d, seconds):
    """Started, and so much virtual time has passed since; the time of the start."""
    begin = d.now
    assert d.start() == 0
    d.advance(seconds)
    return begin


def expected(seconds, rate=48000):
    """The most recent zero time after so much time."""
    return seconds * rate // PERIOD * PERIOD


# ---- clients ----


@probe("client-info-borrowed")
def client_is_remembered(d):
    d.client(True, DESK, 1)
    return d.text(DESK, "clts") == "1 (pid 501) org.example.player" and not _platform.problems()


@probe("client-string-leaked")
def client_is_forgotten(d):
    mark = _platform.mark()
    d.client(True, DESK, 1)
    d.client(False, DESK, 1)
    d.pump()
    return not _platform.live_objects(mark)


@probe("client-without-bundle-crashes")
def client_without_bundle(d):
    return d.client(True, DESK, 1, bundle_id=None) == 0


@probe("fifth-client-refused")
def many_clients(d):
    return [d.client(True, DESK, i) for i in range(1, 9)] == [0] * 8


@probe("removed-client-stops-io")
def removing_is_not_stopping(d):
    for number in (1, 2):
        d.client(True, DESK, number)
    d.start(client=1)
    d.client(False, DESK, 2)
    return running(d) == 1 and d.stamp()[0] == 0


@probe("unknown-client-crashes")
def unknown_client_goes(d):
    d.client(False, DESK, 77)
    return d.start() == 0


@probe("unknown-client-refused")
def unknown_client_starts(d):
    return d.start(client=77) == 0


# ---- start and stop ----


@probe("second-start-refused")
def two_start(d):
    return (d.start(client=1), d.start(client=2)) == (0, 0)


@probe("second-start-reanchors")
def second_start_keeps_the_line(d):
    started_for(d, 3)
    before = d.stamp()
    return d.start(client=2) == 0 and d.stamp() == before


@probe("first-stop-stops-all")
def last_stop_stops(d):
    d.start(client=1)
    d.start(client=2)
    d.stop(client=1)
    return running(d) == 1 and d.stamp(client=2)[0] == 0


@probe("stop-goes-below-zero")
def stop_without_start(d):
    return d.stop() != 0 and d.start() == 0 and running(d) == 1


@probe("failed-start-counted")
def failure_leaves_no_trace(d):
    return d.start() == 0 or running(d) == 0


@probe("devices-share-start")
def devices_are_independent(d):
    d.start(DESK)
    return running(d, WIRE) == 0


# ---- zero time stamps ----


@probe("stamp-in-future")
def stamp_is_past(d):
    started_for(d, 5.1)
    return d.stamp()[2] <= d.now


@probe("stamp-one-period-per-call")
def stamp_catches_up(d):
    started_for(d, 1)
    d.stamp()
    d.advance(19)
    return d.stamp()[1] == expected(20)


@probe("stamp-moves")
def stamp_stays(d):
    started_for(d, 1)
    return len({d.stamp() for _ in range(4)}) == 1


@probe("stamp-spacing-off")
def whole_periods(d):
    started_for(d, 0)
    samples = []
    for _ in range(8):
        d.advance(0.4)
        samples.append(d.stamp()[1])
    return all(sample % PERIOD == 0 for sample in samples)


@probe("stamp-truncates-ticks")
def no_drift(d):
    begin = started_for(d, 3600)
    _, sample, host, _ = d.stamp()
    return host - begin == int(sample) * 1_000_000_000 // 48000


@probe("timebase-divided-as-integers", timebase=(125, 3))
def apple_silicon(d):
    started_for(d, 2)
    return d.stamp()[1] == expected(2)


@probe("stamp-goes-back")
def monotonic(d):
    started_for(d, 5)
    samples = [d.stamp()[1] for _ in range(6)]
    return samples == sorted(samples)


@probe("stamp-not-at-once")
def at_once(d):
    started_for(d, 0)
    return d.stamp()[0] == 0


@probe("stamp-wraps-at-32-bits")
def a_day_and_more(d):
    started_for(d, 90000)
    return d.stamp()[1] == expected(90000) > 2**32


@probe("stamp-torn")
def one_anchor_per_seed(d):
    """While another client starts. A line's frame 0 has one host time."""
    started_for(d, 3)
    other = threading.Thread(target=d.start, kwargs={"client": 2})
    lines = {}
    other.start()
    while other.is_alive():
        _, sample, host, seed = d.stamp()
        lines.setdefault(seed, set()).add(host - int(sample) * 1_000_000_000 // 48000)
    _, sample, host, seed = d.stamp()
    lines.setdefault(seed, set()).add(host - int(sample) * 1_000_000_000 // 48000)
    return all(len(anchors) == 1 for anchors in lines.values())


def seed_of_a_new_line(d):
    d.start()
    return d.stamp()[3]


@probe("seed-constant")
def new_line_new_seed(d):
    first = seed_of_a_new_line(d)
    d.stop()
    d.advance(1)
    return seed_of_a_new_line(d) != first


@probe("seed-changes-always")
def one_line_one_seed(d):
    started_for(d, 1)
    return len({d.stamp()[3] for _ in range(4)}) == 1


@probe("clock-keeps-old-rate")
def clock_follows_rate(d):
    change_rate(d, 96000)
    started_for(d, 2)
    return d.stamp()[1] == expected(2, 96000)
