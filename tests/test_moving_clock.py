"""A clock whose rate can be adjusted, against its definition (hal-protocol C5): stamps that were given stay, the next
lies a period at the present rate further on, the rate moves by the slew limit at most, and nothing drifts."""

import threading
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

PERIOD = 16384
RATES = [8000.0, 44100.0, 44100.5, 48000.0, 192000.0]
TIMEBASES = [(10**9, 1), (24_000_000, 1)]
DAY = 86_400


def started(kernels, rate=48_000.0, timebase=TIMEBASES[0], anchor=0, **options):
    clock = kernels.TestMovingClock(**options)
    clock.start(anchor, rate, PERIOD, *timebase)
    return clock, Fraction(PERIOD * timebase[0], timebase[1]) / Fraction(rate)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("timebase", TIMEBASES)
@settings(max_examples=100, deadline=None)
@given(seconds=st.floats(0, 1000 * DAY), anchor=st.integers(0, 2**62))
def test_at_its_nominal_rate_it_is_the_exact_clock(kernels, rate, timebase, seconds, anchor):
    clock, step = started(kernels, rate, timebase, anchor)
    now = anchor + int(Fraction(seconds) * timebase[0])
    k = floor(Fraction(now - anchor + 1) / step - Fraction(1, 10**9))
    sample, host, seed = clock.stamp(now)
    assert host == anchor + floor(sample // PERIOD * step) <= now and seed == 1
    assert sample // PERIOD in (k, k + 1) and anchor + floor((sample // PERIOD + 1) * step) > now


@pytest.mark.parametrize("rate", RATES)
@settings(max_examples=100, deadline=None)
@given(ppm=st.floats(-20_000, 20_000), days=st.floats(0, 100))
def test_days_at_another_rate_do_not_drift(kernels, rate, ppm, days):
    """The host time of stamp k is k periods at (1 + ppm) * rate, cut to a tick, to a hundredth, however long."""
    clock = kernels.TestMovingClock(limit=20_000.0)
    clock.want(ppm)
    clock.start(5, rate, PERIOD, *TIMEBASES[0])
    chosen = Fraction(round(clock.ppm * 10**6), 10**12)
    assert abs(float(chosen) * 1e6 - ppm) < 1e-6
    step = Fraction(PERIOD * 10**9) / Fraction(rate) / (1 + chosen)
    now = 5 + int(days * DAY * 10**9)
    sample, host, _ = clock.stamp(now)
    k = sample // PERIOD
    assert Fraction(-101, 100) < host - (5 + k * step) < Fraction(1, 100)
    assert host <= now < 5 + (k + 1) * step + 1


# What a driver and its host may do to it: wait, ask, wish.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.floats(0, 3)), st.tuples(st.just("long"), st.floats(3, 100_000)),
        st.tuples(st.just("want"), st.floats(-2000, 2000)),
    ),
    min_size=1, max_size=60,
)  # fmt: skip


@pytest.mark.parametrize("rate", [44_100.0, 192_000.0])
@settings(max_examples=200, deadline=None)
@given(steps=STEPS)
@example(steps=[("want", 1000.0), ("long", 50_000.0), ("wait", 0.1), ("want", -1000.0), ("wait", 0.4)] * 3)
def test_the_invariants_of_stamps(kernels, rate, steps):
    clock, nominal = started(kernels, rate, anchor=77)
    now, seen, before, ppm = 77, {0: 77}, (0, 77), 0.0
    for what, value in steps:
        if what == "want":
            clock.want(value)
            continue
        now += int(value * 10**9)
        sample, host, seed = clock.stamp(now)
        k = sample // PERIOD
        assert seed == 1 and sample % PERIOD == 0
        assert host <= now, "not in the future"
        assert k >= before[0], "never back"
        assert seen.setdefault(k, host) == host, "a stamp that was given stays"
        if k > before[0]:
            assert host > before[1]
            found = Fraction(host - before[1], k - before[0]) / nominal
            assert abs(1 / found - 1) * 10**6 <= 1000 + Fraction(3, k - before[0]), "the range"
            expected = nominal / (1 + Fraction(ppm) / 10**6)
            assert abs((host - before[1]) - (k - before[0]) * expected) <= 1 + (k - before[0]) * 1e-3, "its spacing"
            most = 200 * PERIOD / rate
            assert abs(clock.ppm - ppm) <= most + 1e-6, "the slew limit"
        else:
            assert clock.ppm == ppm, "only a stamp changes the rate"
        assert now - host < nominal * Fraction(1003, 1000), "the most recent one"
        before, ppm = (k, host), clock.ppm
        assert clock.stamp(now) == (sample, host, seed)


def test_a_wish_is_reached_at_the_slew_rate(kernels):
    clock, step = started(kernels)
    clock.want(1000.0)
    rates = []
    for k in range(1, 40):
        clock.stamp(int(k * step))
        rates.append(clock.ppm)
    most = 200 * PERIOD / 48_000
    assert rates == pytest.approx([min((k + 1) * most, 1000.0) for k in range(39)], abs=1e-5)
    clock.want(5000.0)
    clock.stamp(int(60 * step))
    assert clock.ppm == 1000.0, "the range"


@pytest.mark.parametrize("wish", [float("nan"), float("inf"), float("-inf"), 1e300, -1e300])
def test_wishes_that_are_no_rates(kernels, wish):
    clock, step = started(kernels)
    clock.want(12.5)
    clock.want(wish)
    for k in range(1, 60):
        clock.stamp(int(k * step))
    assert clock.ppm == (12.5 if wish != wish else 1000.0 if wish > 0 else -1000.0)


def test_every_line_has_a_new_seed_and_keeps_the_wish(kernels):
    clock, step = started(kernels)
    clock.want(100.0)
    assert clock.stamp(int(3.5 * step))[2] == 1
    clock.stop()
    assert clock.stamp(int(4 * step)) is None
    clock.start(10**12, 96_000.0, PERIOD, *TIMEBASES[0])
    assert clock.stamp(10**12) == (0, 10**12, 2)
    assert clock.ppm == 100.0, "a new line begins at the rate"


def test_versions_turn_over(kernels):
    """After 16 million changes of the rate the version begins anew, and no stamp notices."""
    clock, step = started(kernels)
    clock.stop()
    clock.place_version(2**24 - 5)
    clock.start(0, 48_000.0, PERIOD, *TIMEBASES[0])
    last = 0
    for k in range(1, 40):
        clock.want(1000.0 if k % 2 else -1000.0)
        sample, host, seed = clock.stamp(int(k * step * Fraction(1002, 1000)))
        assert (sample, seed) == (k * PERIOD, 2) and last < host
        last = host


def test_many_threads_see_one_line(kernels):
    """Threads ask at once, without the GIL, while the rate changes with every stamp: each stamp has one host time."""
    clock, step = started(kernels)
    time, hosts, wrong = np.zeros(1, np.uint64), np.zeros(20_000, np.uint64), []
    each = int(step) // 50

    def ask():
        wrong.append(clock.race(time, each, 100_000, hosts))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    turn = 0
    while any(thread.is_alive() for thread in threads):
        turn += 1
        clock.want(1000.0 if turn % 2 else -1000.0)
    assert wrong == [0] * 8
    given = hosts[hosts > 0].astype(np.int64)
    assert len(given) > 10_000 and (np.diff(given) > 0).all()
