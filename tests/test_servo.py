"""A clock that follows another one: locks, keeps what jitters out, holds when the other is lost, and slips whole frames
rather than jump. Sources drift and jitter as networks and devices do; the time is simulated."""

import numpy as np
import pytest

PERIOD, TICKS = 16384, 10**9


class Source:
    """Another clock, `ppm` faster than nominal, observed every `every` seconds with `jitter` (seconds, one sigma)."""

    def __init__(self, kernels, rate=48_000.0, ppm=0.0, jitter=0.0, every=0.1, seed=0, **options):
        self.clock = kernels.TestMovingClock(**options)
        self.clock.start(1000, rate, PERIOD, TICKS, 1)
        self.rate, self.ppm, self.jitter, self.every = rate, ppm, jitter, every
        self.random = np.random.default_rng(seed)
        self.time, self.stamp, self.sample = 0.0, 0.0, 5_000_000.25
        self.log, self.stamps = [], []

    def now(self):
        return 1000 + int(self.time * TICKS)

    def error(self):
        """Frames by which the other clock really is ahead."""
        return self.sample - self.clock.state["offset"] - self.clock.position(self.now())

    def run(self, seconds, observe=True, lag=0.0):
        """Let time go by; the rows (time, error in frames, ppm, slips) of it."""
        first = len(self.log)
        for _ in range(round(seconds / self.every)):
            self.time += self.every
            self.sample += self.every * self.rate * (1 + self.ppm * 1e-6)
            while self.stamp <= self.time:
                self.stamps += [found[:2] for found in [self.clock.stamp(1000 + int(self.stamp * TICKS))] if found]
                self.stamp += PERIOD / self.rate / 3
            if observe:
                late = int((self.random.normal() * self.jitter + lag) * TICKS)
                self.clock.observe(self.sample, self.now() + late)
            self.log.append((self.time, self.error(), self.clock.ppm, self.clock.state["slips"]))
        return np.array(self.log[first:])


@pytest.mark.parametrize("rate", [8000.0, 48_000.0, 192_000.0])
@pytest.mark.parametrize("ppm", [-80.0, 0.0, 80.0])
@pytest.mark.parametrize("every", [0.01, 0.1, 1.0])
def test_it_locks_without_jitter(kernels, rate, ppm, every):
    source = Source(kernels, rate, ppm, every=every)
    source.run(40)
    rows = source.run(60)
    assert np.abs(rows[:, 1]).max() < 0.5 * rate / 48_000 + 0.1, "frames"
    rows = source.run(100)
    assert np.abs(rows[:, 1]).max() < 0.01 * rate / 48_000 + 0.02
    assert rows[:, 2] == pytest.approx(ppm, abs=0.05) and rows[-1, 3] == 0


@pytest.mark.parametrize("jitter,every,frames", [(1e-4, 0.1, 2.5), (1e-3, 0.01, 20.0), (1e-3, 0.1, 25.0)])
def test_jitter_is_looked_over(kernels, jitter, every, frames):
    """Of 4.8 or 48 frames of jitter little is left, and the mean is the other's rate."""
    source = Source(kernels, ppm=50.0, jitter=jitter, every=every)
    source.run(100)
    rows = source.run(300)
    sigma = jitter * 48_000
    assert np.sqrt((rows[:, 1] ** 2).mean()) < sigma / 3 and np.abs(rows[:, 1]).max() < frames
    assert rows[:, 2].mean() == pytest.approx(50.0, abs=1.5) and rows[-1, 3] == 0


def test_a_rate_that_wanders_is_followed(kernels):
    source = Source(kernels, ppm=0.0)
    worst = 0.0
    for minute in range(20):
        source.ppm = 30 * np.sin(minute / 3)
        rows = source.run(60)
        worst = max(worst, np.abs(rows[:, 1]).max()) if minute else 0
    assert worst < 20 and rows[-1, 3] == 0


def test_the_line_never_jumps(kernels):
    """Whatever is observed, stamp follows stamp, 1000 ppm off nominal at the most."""
    source = Source(kernels, ppm=300.0, jitter=2e-3, every=0.05)
    for turn in range(2000):
        source.run(0.05, lag=0.5 if turn % 97 == 0 else 0.0)
        if turn % 400 == 0:
            source.sample += 10_000
    stamps = np.array(sorted(set(source.stamps)))
    assert (np.diff(stamps[:, 0]) == PERIOD).all() and len(stamps) > 250
    assert np.abs(np.diff(stamps[:, 1]) / (PERIOD / 48_000 * TICKS) - 1).max() < 1.001e-3
    assert source.clock.state["slips"] == 5


def test_when_the_other_is_lost_the_rate_is_held(kernels):
    source = Source(kernels, ppm=80.0, jitter=1e-4, every=0.1)
    source.run(200)
    rows = source.run(600, observe=False)
    assert np.ptp(rows[100:, 2]) == 0, "after a while it does not change any more"
    assert rows[-1, 2] == pytest.approx(80.0, abs=2.0)
    assert abs(rows[-1, 1]) < 60, "frames after 10 minutes of its own"
    rows = source.run(100)
    assert np.abs(rows[-100:, 1]).max() < 2 and rows[-1, 3] == 0, "back again"


@pytest.mark.parametrize("frames", [5000, -5000])
def test_what_is_too_far_off_is_slipped(kernels, frames):
    """Three observations running; the offset takes it over, and the rate does not notice."""
    source = Source(kernels, ppm=40.0)
    source.run(100)
    before = source.clock.state["offset"]
    source.sample += frames
    rows = source.run(0.2)
    assert rows[-1, 3] == 0 and source.clock.state["offset"] == before
    rows = source.run(10)
    state = source.clock.state
    assert (state["slips"], state["slipped"], state["offset"]) == (1, frames, before + frames)
    assert abs(state["slip_time"] - (1000 + 100.3 * TICKS)) < 0.15 * TICKS
    assert rows[:, 2] == pytest.approx(40.0, abs=0.5) and abs(rows[-1, 1]) < 0.5


def test_single_strays_are_left_out(kernels):
    source = Source(kernels, ppm=40.0)
    source.run(100)
    for _ in range(20):
        source.run(0.1, lag=0.7)
        rows = source.run(1.0)
    assert rows[-1, 3] == 0 and np.abs(rows[:, 1]).max() < 0.5


def test_a_new_line_begins_where_the_other_is(kernels):
    source = Source(kernels, ppm=40.0)
    source.run(60)
    source.clock.stop()
    source.run(1)
    source.clock.start(source.now(), 48_000.0, PERIOD, TICKS, 1)
    rows = source.run(20)
    assert np.abs(rows[:, 1]).max() < 1 and rows[-1, 2] == pytest.approx(40.0, abs=1.0)
    assert rows[0, 2] == pytest.approx(40.0, abs=1.0), "the rate that was found is kept"


def test_observations_out_of_order_and_nonsense_change_nothing(kernels):
    source = Source(kernels, ppm=40.0)
    source.run(60)
    before = source.clock.state
    for sample, host in ((source.sample, source.now()), (0, 5), (float("nan"), source.now() + 10**8),
                         (float("inf"), source.now() + 10**8), (-1e300, source.now() + 10**8)):  # fmt: skip
        source.clock.observe(sample, host)
    assert source.clock.state == before


def test_days_of_it(kernels):
    source = Source(kernels, ppm=-25.0, every=1.0)
    source.run(200)
    for _ in range(3):
        source.time += 10 * 86_400.0
        source.sample += 10 * 86_400.0 * 48_000 * (1 - 25e-6)
        source.stamp = source.time
        rows = source.run(100)
        assert np.abs(rows[:, 1]).max() < 1000 and rows[-1, 3] <= 3
    assert abs(source.run(100)[-1, 1]) < 0.5
