"""DoubleBuffer: whole versions, readers that never wait, a writer that does; every interleaving of its algorithm."""

import threading

import numpy as np
import pytest

from tympan import DoubleBuffer


def test_versions(io_code):
    buffer = DoubleBuffer(b"first")
    assert (buffer.size, buffer.version, buffer.read()) == (5, 1, b"first")
    for number in range(2, 10):
        block = f"no. {number}".encode()[:5]
        buffer.write(block)
        assert io_code.load(buffer, 5) == (number, block)
        assert (buffer.version, buffer.read()) == (number, block)
    io_code.store(buffer, b"from ")
    assert buffer.read() == b"from "


def test_what_it_can_be_made_of():
    assert DoubleBuffer(3).read() == bytes(3)
    array = np.arange(6, dtype=np.float64).reshape(2, 3)
    buffer = DoubleBuffer(array)
    assert np.array_equal(np.frombuffer(buffer.read()), array.ravel())
    buffer.write(array + 1)
    assert np.array_equal(np.frombuffer(buffer.read()), array.ravel() + 1)


@pytest.mark.parametrize("size", [1, 15, 17, 1000])
def test_another_size_is_refused(io_code, size):
    """An author's mistake reads nothing foreign: the block is zeros, the version 0."""
    buffer = DoubleBuffer(b"0123456789abcdef")
    assert io_code.load(buffer, size) == (0, bytes(size))
    with pytest.raises(ValueError, match=f"{size} bytes for a block of 16"):
        buffer.write(bytes(size))
    with pytest.raises(ValueError, match=f"{size} bytes for a block of 16"):
        io_code.store(buffer, bytes(size))
    assert buffer.version == 1


@pytest.mark.parametrize(("size", "sentence"), [(0, "size is 0"), (-1, "size is -1"), (b"", "size is 0")])
def test_wrong_size(size, sentence):
    with pytest.raises(ValueError, match=sentence):
        DoubleBuffer(size)


def test_a_reader_that_stays_is_waited_for(io_code):
    buffer = DoubleBuffer(b"one")
    buffer.write(b"two")
    reader = io_code.Reader(buffer)
    with pytest.raises(TimeoutError, match="does it call release"):
        buffer.write(b"red", timeout=0.01)
    assert (reader.read(), buffer.read(), buffer.version) == (b"two", b"two", 2), "nothing has changed"
    reader.release()
    buffer.write(b"red", timeout=0)
    assert (buffer.read(), buffer.version) == (b"red", 3)


def test_readers_that_come_later_do_not_keep_the_writer(io_code):
    buffer = DoubleBuffer(b"one")
    first = io_code.Reader(buffer)
    writer = threading.Thread(target=buffer.write, args=(b"two", 60.0))
    writer.start()
    later = io_code.Reader(buffer)
    while later.side == first.side:         # until the writer has sent readers to the other counter
        later.release()
        later = io_code.Reader(buffer)
    first.release()
    writer.join()
    assert (later.read(), buffer.read()) == (b"one", b"two")
    later.release()


def test_the_writer_waits_without_the_gil(io_code):
    buffer = DoubleBuffer(b"one")
    reader = io_code.Reader(buffer)
    writer = threading.Thread(target=buffer.write, args=(b"two", 60.0))
    writer.start()
    assert buffer.read() == b"one", "this thread runs, though that one waits"
    reader.release()
    writer.join()
    assert buffer.read() == b"two"


def test_writers_take_turns(io_code):
    buffer = DoubleBuffer(bytes(64))
    kept = io_code.Reader(buffer)
    writers = [threading.Thread(target=buffer.write, args=(bytes([n]) * 64, 60.0)) for n in range(1, 9)]
    for writer in writers:
        writer.start()
    kept.release()
    for writer in writers:
        writer.join()
    assert buffer.version == 9
    assert buffer.read() in {bytes([n]) * 64 for n in range(1, 9)}


# ---- every interleaving, with the steps of _double_buffer.h; each access is one step in one order ----


def reader_steps(reads, me):
    """Read: side, arrive, shown, look twice, leave. A state is a dict that a step changes."""

    def look_at_side(s):
        s[f"side{me}"] = s["side"]

    def arrive(s):
        s[f"count{s[f'side{me}']}"] += 1

    def look_at_shown(s):
        s[f"block{me}"] = s["shown"]

    def begin(s):
        s[f"inside{me}"] = s[f"block{me}"]

    def end(s):
        s[f"inside{me}"] = None

    def leave(s):
        s[f"count{s[f'side{me}']}"] -= 1

    return [(None, step) for _ in range(reads) for step in (look_at_side, arrive, look_at_shown, begin, end, leave)]


def writer_steps(writes, waits):
    """Write: drain, fill, show. ``waits`` is which of the two counters are waited for."""

    def nothing(s):
        pass

    def turn(s):
        s["side"] = 1 - s["side"]

    def fill(s):
        s["filling"] = 1 - s["shown"]

    def show(s):
        s["filling"], s["shown"] = None, 1 - s["shown"]

    steps = []
    for _ in range(writes):
        if 0 in waits:
            steps.append((lambda s: s[f"count{1 - s['side']}"] == 0, nothing))
        steps.append((None, turn))
        if 1 in waits:
            steps.append((lambda s: s[f"count{1 - s['side']}"] == 0, nothing))
        steps += [(None, fill), (None, show)]
    return steps


def torn(programs):
    """Whether in some order of all steps a reader is inside the block that is being filled; and how many states."""
    start = {"side": 0, "shown": 0, "count0": 0, "count1": 0, "filling": None}
    for me in range(len(programs)):
        start.update({f"side{me}": 0, f"block{me}": 0, f"inside{me}": None})
    queue, known = [((0,) * len(programs), start)], set()
    while queue:
        places, state = queue.pop()
        key = (places, tuple(state.values()))
        if key in known:
            continue
        known.add(key)
        if state["filling"] is not None and state["filling"] in (state[f"inside{me}"] for me in range(len(programs))):
            return True, len(known)
        for index, (place, program) in enumerate(zip(places, programs, strict=True)):
            if place == len(program) or (program[place][0] and not program[place][0](state)):
                continue
            after = dict(state)
            program[place][1](after)
            queue.append(((*places[:index], place + 1, *places[index + 1 :]), after))
    return False, len(known)


def test_no_order_of_steps_tears_a_version():
    found, states = torn([reader_steps(2, 0), reader_steps(2, 1), writer_steps(4, {0, 1})])
    assert not found
    assert states > 10_000, "the search went somewhere"


@pytest.mark.parametrize("waits", [set(), {0}, {1}])
def test_with_one_wait_less_some_order_does(waits):
    assert torn([reader_steps(2, 0), reader_steps(2, 1), writer_steps(4, waits)])[0]
