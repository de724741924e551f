"""SampleRing and StructRing against a deque: from IO code and from Python, frame by frame."""

import struct
import threading
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan import SampleRing, StructRing


def frames(start, count, channels):
    """A value of its own for each sample, never zero."""
    first = start * channels + 1
    return np.arange(first, first + count * channels, dtype=np.float32).reshape(count, channels)


METHODS = ["push", "write", "pop", "read", "readinto", "pop_padded", "discard"]
operations = st.lists(st.tuples(st.sampled_from(METHODS), st.integers(0, 40)), max_size=60)


class Model:
    """What the docstrings say, with a deque."""

    def __init__(self, capacity, channels):
        self.capacity, self.channels = capacity, channels
        self.frames, self.overflows, self.underflows = deque(), 0, 0

    def push(self, block):
        taken = min(len(block), self.capacity - len(self.frames))
        self.frames.extend(block[:taken])
        self.overflows += len(block) - taken
        return taken

    def pop(self, count, counted=True):
        there = min(count, len(self.frames))
        self.underflows += (count - there) * counted
        found = [self.frames.popleft() for _ in range(there)]
        return np.array(found, np.float32).reshape(there, self.channels)


def pop_into(take, count, channels):
    """(how many, their frames, what lies behind them) of a method that fills an array."""
    target = np.full((count, channels), -7, np.float32)
    there = take(target) if count else 0
    return there, target[:there], target[there:]


@settings(max_examples=300, deadline=None)
@given(capacity=st.integers(1, 33), channels=st.integers(1, 4), operations=operations)
def test_any_sequence(io_code, capacity, channels, operations):
    ring, model, time = SampleRing(channels, capacity), Model(capacity, channels), 0
    for name, count in operations:
        if name in ("push", "write"):
            block = frames(time, count, channels)
            taken = (io_code.push(ring, block) if name == "push" else ring.write(block)) if count else 0
            assert taken == model.push(block)
            time += count
        elif name == "read":
            assert ring.read(count) == model.pop(count, counted=False).tobytes()
        elif name == "discard":
            assert io_code.discard(ring, count) == len(model.pop(count, counted=False))
        else:
            take = ring.readinto if name == "readinto" else lambda to, name=name: getattr(io_code, name)(ring, to)
            there, found, behind = pop_into(take, count, channels)
            assert there == len(found) and np.array_equal(found, model.pop(count)), name
            assert (behind == (0 if name == "pop_padded" else -7)).all()
        assert len(ring) == len(model.frames)
        assert io_code.room_and_available(ring) == (capacity - len(ring), len(ring))
        assert (ring.overflows, ring.underflows) == (model.overflows, model.underflows)


def test_the_capacity_is_exact():
    for capacity in (1, 2, 3, 7, 8, 100):
        ring = SampleRing(2, capacity)
        assert ring.write(bytes(8 * 200)) == capacity == len(ring) == ring.capacity
        assert ring.overflows == 200 - capacity


def test_padding_for_other_channels_is_silence(io_code):
    """An author's mistake must not read or write beyond the buffer."""
    ring = SampleRing(2, 8)
    ring.write(frames(0, 8, 2))
    target = np.full((3, 5), -7, np.float32)
    assert io_code.pop_padded(ring, target) == 0
    assert not target.any() and len(ring) == 8


def test_everything_at_once():
    ring = SampleRing(1, 5)
    ring.write(frames(0, 4, 1))
    assert ring.clear() == 4 and ring.read() == b""
    ring.write(frames(0, 3, 1))
    assert np.array_equal(np.frombuffer(ring.read(), np.float32), [1, 2, 3])


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros((2, 2)), "format 'd'; give float32"),
        (np.zeros((2, 2), np.int32), "format 'i'; give float32"),
        (bytes(12), "12 bytes are not a whole number of 8"),
        (np.zeros(3, np.float32), "12 bytes are not a whole number of 8"),
    ],
)
def test_wrong_samples(samples, sentence):
    ring = SampleRing(2, 4)
    with pytest.raises(ValueError, match=sentence):
        ring.write(samples)
    assert len(ring) == ring.overflows == 0


def test_readinto_needs_memory_that_can_be_written():
    with pytest.raises(BufferError):
        SampleRing(2, 4).readinto(bytes(8))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: SampleRing(0, 10), "channels is 0; it must be a whole number from 1 to 1024"),
        (lambda: SampleRing(2, 0), "SampleRing: capacity is 0"),
        (lambda: SampleRing(2, 1.5), "SampleRing: capacity is 1.5"),
        (lambda: StructRing(0, 10), "StructRing: size is 0"),
        (lambda: StructRing(65_537, 10), "StructRing: size is 65537"),
        (lambda: StructRing(8, -1), "StructRing: capacity is -1"),
    ],
)
def test_wrong_arguments(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


@settings(max_examples=200, deadline=None)
@given(capacity=st.integers(1, 20), size=st.integers(1, 40), steps=st.lists(st.integers(-6, 6), max_size=60))
def test_structs(io_code, capacity, size, steps):
    """A positive step pushes so many, by IO code and Python in turns; a negative one pops."""
    ring, model, number, lost = StructRing(size, capacity), deque(), 0, 0
    for turn, step in enumerate(steps):
        for _ in range(abs(step)):
            if step > 0:
                item = bytes((number + i) % 256 for i in range(size))
                number += 1
                taken = io_code.push_struct(ring, item) if turn % 2 else ring.write(item)
                assert taken == (len(model) < capacity)
                if taken:
                    model.append(item)
                lost += not taken
            else:
                found = io_code.pop_struct(ring, size) if turn % 2 else ring.read(1) or None
                assert found == (model.popleft() if model else None)
        assert (len(ring), ring.overflows, ring.size, ring.capacity) == (len(model), lost, size, capacity)


def test_a_struct_of_another_size_is_refused(io_code):
    ring = StructRing(16, 4)
    assert not io_code.push_struct(ring, bytes(15)) and not io_code.push_struct(ring, bytes(17))
    assert ring.overflows == 2 and len(ring) == 0
    ring.write(bytes(16))
    assert io_code.pop_struct(ring, 15) is None and len(ring) == 1


def test_numpy_records_and_struct():
    kind = np.dtype([("time", "<f8"), ("peak", "<f4"), ("clipped", "<u4")])
    ring = StructRing(kind.itemsize, 10)
    records = np.array([(0.5, 0.25, 1), (1.5, 0.75, 0)], kind)
    assert ring.write(records) == 2
    ring.write(struct.pack("<dfI", 2.5, 0.125, 7))
    found = np.frombuffer(ring.read(), kind)
    assert np.array_equal(found[:2], records) and found[2].tolist() == (2.5, 0.125, 7)


def test_two_threads_through_the_classes(io_code):
    """The inline methods, both sides at once without the GIL; the stress test has the counts."""
    ring, wrong = StructRing(16, 100), []
    other = threading.Thread(target=lambda: wrong.append(io_code.consume(ring, 1_000_000)))
    other.start()
    io_code.produce(ring, 1_000_000)
    other.join()
    assert wrong == [0] and len(ring) == 0
