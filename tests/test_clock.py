"""The clock against its definition: stamp k at anchor + floor(k * period * ticks_per_second / rate)."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PERIOD = 16384
RATES = [8000.0, 44100.0, 44100.5, 48000.0, 96000.0, 192000.0]
TIMEBASES = [(1, 1), (125, 3)]
CENTURY = 100 * 366 * 86400


def step(rate, timebase):
    """Ticks of one period, exactly."""
    numer, denom = timebase
    return Fraction(PERIOD) * Fraction(10**9 * denom, numer) / Fraction(rate)


def started(kernels, rate, timebase, anchor=0):
    clock = kernels.TestClock()
    exact = step(rate, timebase)
    clock.start(anchor, exact.numerator, exact.denominator, PERIOD)
    return clock, exact


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("timebase", TIMEBASES)
@settings(max_examples=200, deadline=None)
@given(seconds=st.floats(0, CENTURY), anchor=st.integers(0, 2**62), cached=st.booleans())
def test_stamp_is_the_last_one_at_or_before_now(kernels, rate, timebase, seconds, anchor, cached):
    clock, exact = started(kernels, rate, timebase, anchor)
    elapsed = int(Fraction(seconds) * Fraction(10**9 * timebase[1], timebase[0]))
    sample, host, seed = clock.stamp(anchor + elapsed, cached)
    k, remainder = divmod(sample, PERIOD)
    assert remainder == 0
    assert host == anchor + floor(k * exact) <= anchor + elapsed
    assert anchor + floor((k + 1) * exact) > anchor + elapsed
    assert seed == 1


def test_cached_and_computed_agree_around_every_stamp(kernels):
    clock, exact = started(kernels, 44100.0, (125, 3), 1000)
    for k in range(1, 500):
        edge = 1000 + floor(k * exact)
        for now in (edge - 1, edge, edge + 1, edge, edge - 1):
            assert clock.stamp(now) == clock.stamp(now, cached=False)


def test_a_late_caller_catches_up_in_one_call(kernels):
    clock, exact = started(kernels, 48000.0, (1, 1))
    assert clock.stamp(5)[0] == 0
    assert clock.stamp(floor(50 * exact))[0] == 50 * PERIOD


def test_a_hundred_days_do_not_drift(kernels):
    clock, exact = started(kernels, 44100.0, (125, 3))
    day = 86400 * 24_000_000
    sample, host, _ = clock.stamp(100 * day)
    assert 0 <= 100 * day - host < exact
    assert sample == floor(Fraction(100 * day) / exact) * PERIOD


def test_every_line_has_a_new_seed_and_forgets_the_cache(kernels):
    clock, exact = started(kernels, 48000.0, (1, 1))
    now = floor(3 * exact) + 7
    assert clock.stamp(now) == (3 * PERIOD, floor(3 * exact), 1)
    clock.stop()
    assert clock.stamp(now) is None
    clock.start(now, exact.numerator, exact.denominator, PERIOD)
    assert clock.stamp(now) == (0, now, 2)


def test_time_before_the_anchor_is_the_first_stamp(kernels):
    clock, _ = started(kernels, 48000.0, (1, 1), anchor=10**6)
    assert clock.stamp(5) == (0, 10**6, 1)


@pytest.mark.parametrize("rate", [*RATES, 1_536_000.0, 1000.0000152587890625])
@pytest.mark.parametrize("timebase", [*TIMEBASES, (1_000_000_000, 24_000_000)])
def test_a_rate_becomes_the_exact_step(kernels, rate, timebase):
    """What the core computes from a rate and the timebase, a million periods on."""
    exact, (numer, denom) = step(rate, timebase), timebase
    clock = kernels.TestClock()
    clock.start_at_rate(7, rate, PERIOD, 10**9 * denom, numer)
    for k in (0, 1, 2, 999_999):
        host = 7 + floor(k * exact)
        assert clock.stamp(host) == (k * PERIOD, host, 1)
        assert k == 0 or clock.stamp(host - 1)[0] == (k - 1) * PERIOD
