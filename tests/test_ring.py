"""The ring against a model: frame t reads as it was last written, or as silence, never as anything else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

CAPACITY = 64
SIZE = 4


def frames(time, count):
    """A value of its own for each sample time, never zero."""
    return (np.arange(time, time + count, dtype=np.int64) % 2**31 + 1).astype("<u4").tobytes()


@pytest.fixture
def ring(kernels):
    return kernels.TestRing(CAPACITY, SIZE)


def test_memory_is_aligned(ring):
    assert ring.alignment == 0


STARTS = [0, 1, 63, 64, -1, -64, -1000, 2**31 - 5, 2**32 - 5, 2**53, -(2**53), 48000 * 86400 * 100]


@pytest.mark.parametrize("start", STARTS)
def test_what_was_written_is_read(ring, start):
    for k in range(20):
        time = start + 7 * k
        ring.write(time, frames(time, 7))
        assert ring.read(time, 7) == frames(time, 7)


def test_never_written_is_silence(ring):
    assert ring.read(0, 10) == bytes(40)
    ring.write(10, frames(10, 5))
    assert ring.read(8, 9) == bytes(8) + frames(10, 5) + bytes(8)


def test_too_old_is_silence(ring):
    for time in range(0, 128, 16):
        ring.write(time, frames(time, 16))
    assert ring.read(0, 64) == bytes(256)
    assert ring.read(60, 8) == bytes(16) + frames(64, 4)
    assert ring.read(64, 64) == frames(64, 64)


def test_after_the_writer_stops_nothing_repeats(ring):
    ring.write(0, frames(0, 32))
    for time in range(32, 10_000, 32):
        assert ring.read(time, 32) == bytes(128)


def test_a_skipped_cycle_keeps_what_was_before_it(ring):
    ring.write(0, frames(0, 8))
    ring.write(16, frames(16, 8))
    assert ring.read(0, 24) == frames(0, 8) + bytes(32) + frames(16, 8)


def test_a_short_step_back_keeps_what_was_before_it(ring):
    ring.write(0, frames(0, 16))
    ring.write(14, frames(1014, 16))
    assert ring.read(0, 30) == frames(0, 14) + frames(1014, 16)


@pytest.mark.parametrize("jump", [10**6, -(10**6), 48000 * 86400 * 100])
def test_a_jump_starts_a_silent_line(ring, jump):
    ring.write(0, frames(0, 16))
    ring.write(jump, frames(jump, 16))
    assert ring.read(jump - 32, 64) == bytes(128) + frames(jump, 16) + bytes(64)
    assert ring.read(0, 16) == bytes(64)


def test_a_reader_notices_what_was_given_up_while_it_copied(ring):
    for time in range(0, 64, 16):
        ring.write(time, frames(time, 16))
    epoch, first, last = ring.valid(0, 16)
    assert (first, last) == (0, 16)
    ring.begin(64, 8)                       # the writer takes frames 0 ... 7 meanwhile
    assert ring.still_valid(epoch) == 8


def test_a_reader_notices_that_the_line_has_moved(ring):
    ring.write(0, frames(0, 16))
    epoch, _, _ = ring.valid(0, 16)
    ring.begin(10**6, 8)
    assert ring.still_valid(epoch) == 2**63 - 1


moves = st.lists(
    st.tuples(st.integers(-CAPACITY // 2, CAPACITY * 2), st.integers(1, CAPACITY)), min_size=1, max_size=30
)


@settings(max_examples=300, deadline=None)
@given(origin=st.integers(-(2**52), 2**52), moves=moves)
def test_any_sequence_of_writes(kernels, origin, moves):
    """Against a dictionary of all that was ever written: right, or silent; never stale."""
    ring = kernels.TestRing(CAPACITY, SIZE)
    written, time = {}, origin
    for number, (gap, count) in enumerate(moves):
        time += gap
        data = [hash((number, time + i)) & 0x7FFFFFFF | 1 for i in range(count)]
        ring.write(time, np.array(data, "<u4").tobytes())
        for key in [key for key in written if key >= time]:
            del written[key]                # a rewound line has no future
        written.update(zip(range(time, time + count), data, strict=True))
        got = np.frombuffer(ring.read(time + count - CAPACITY, CAPACITY + 8), "<u4")
        for i, value in enumerate(got):
            at = time + count - CAPACITY + i
            assert value in (0, written.get(at, 0))
            assert value or not time <= at < time + count, "what was just written can be read"
        time += count


def test_a_long_latency_survives_a_skip(kernels):
    """Readers of a device with latency lag further behind, so a longer gap has audio before it."""
    ring = kernels.TestRing(CAPACITY, SIZE, reach=40)
    ring.write(0, frames(0, 10))
    ring.write(10 + 42, frames(52, 1))
    assert ring.read(0, 53) == frames(0, 10) + bytes(42 * SIZE) + frames(52, 1)
    ring.write(53 + 43, frames(96, 1))
    assert ring.read(52, 1) == bytes(SIZE), "a gap beyond everybody's reach starts a new line"
