"""Parameter and SmoothedParameter: whole numbers, and ramps without a click, from what their docstrings promise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan import Parameter, SmoothedParameter

#: Half the distance between neighbouring float32 numbers, twice: each of two values is rounded.
ROUNDING = 2.0**-23


def values(parameter, frames):
    return np.frombuffer(parameter.read(frames), np.float32)


def smoothed(value=0.0, frames=100, **options):
    """A parameter whose ramps have so many frames."""
    return SmoothedParameter(value, frames, sample_rate=1000.0, **options)


# ---- Parameter ----


def test_value_and_limits(io_code):
    parameter = Parameter(0.25, minimum=-1, maximum=2)
    assert (parameter.value, parameter.minimum, parameter.maximum) == (0.25, -1, 2)
    parameter.value = 2
    assert parameter.value == io_code.get(parameter) == 2
    io_code.set_parameter(parameter, -0.5)
    assert parameter.value == -0.5


@pytest.mark.parametrize("wrong", [2.001, -1.001, math.nan, math.inf, -math.inf])
def test_python_refuses_what_is_outside_the_limits(wrong):
    for parameter in (Parameter(0.5, minimum=-1, maximum=2), SmoothedParameter(0.5, minimum=-1, maximum=2)):
        with pytest.raises(ValueError, match=r"is not a number from -1 to 2"):
            parameter.value = wrong
        assert parameter.value == 0.5


@pytest.mark.parametrize(("wish", "kept"), [(9, 2), (-9, -1), (math.nan, 0.5), (math.inf, 0.5), (-math.inf, 0.5)])
def test_c_stays_at_the_limits(io_code, wish, kept):
    parameter, ramp = Parameter(0.5, minimum=-1, maximum=2), SmoothedParameter(0.5, minimum=-1, maximum=2)
    io_code.set_parameter(parameter, wish)
    io_code.set_target(ramp, wish)
    assert parameter.value == ramp.value == io_code.target(ramp) == kept


@pytest.mark.parametrize("kind", [Parameter, SmoothedParameter])
@pytest.mark.parametrize("limits", [{"minimum": 1, "maximum": 0}, {"maximum": math.inf}, {"minimum": math.nan}])
def test_limits_that_are_no_range(kind, limits):
    with pytest.raises(ValueError, match="no range of float32 numbers"):
        kind(0.0, **limits)


# ---- ramps ----


@pytest.mark.parametrize(("milliseconds", "rate", "frames"), [(20, 48_000, 960), (10, 44_100, 441), (0, 48_000, 1)])
def test_length(milliseconds, rate, frames):
    parameter = SmoothedParameter(0.0, milliseconds)
    parameter.reset(rate)
    assert parameter.ramp_frames == frames
    parameter.value = 1
    found = values(parameter, frames + 3)
    assert (found[frames - 1 :] == 1).all() and (found[: frames - 1] < 1).all()


@pytest.mark.parametrize(("start", "end", "frames"), [(0, 1, 960), (1, 0, 441), (-1, 0.3, 7), (0.1, 0.7, 48_000)])
def test_step_response(start, end, frames):
    """Frame k of n is start + (end - start) * k / n, and frame n is the end itself."""
    parameter = smoothed(start, frames)
    parameter.value = end
    found = values(parameter, frames + 10)
    k = np.arange(1, frames + 1)
    assert np.allclose(found[:frames], start + (end - start) * k / frames, rtol=0, atol=ROUNDING)
    assert (found[frames - 1 :] == np.float32(end)).all()


def test_length_in_frames():
    parameter = SmoothedParameter(0.0, frames=64)
    for rate in (8000.0, 192_000.0):
        parameter.reset(rate)
        assert parameter.ramp_frames == 64
    assert repr(parameter) == "SmoothedParameter(0, frames=64)"
    assert repr(SmoothedParameter(0.5, 10)) == "SmoothedParameter(0.5, 10)"


def test_no_ramp_without_a_change():
    assert (values(smoothed(0.3), 200) == np.float32(0.3)).all()


def test_a_new_target_starts_from_where_the_ramp_is():
    parameter = smoothed(0.0, 100)
    parameter.value = 1
    assert values(parameter, 50)[-1] == 0.5
    parameter.value = 0
    found = values(parameter, 101)
    assert np.allclose(found[:100], 0.5 - 0.5 * np.arange(1, 101) / 100, rtol=0, atol=ROUNDING)
    assert found[99] == found[100] == 0


def test_the_same_target_again_does_not_start_anew():
    parameter, other = smoothed(0.0, 100), smoothed(0.0, 100)
    parameter.value = other.value = 1
    first = values(parameter, 30)
    parameter.value = 1
    assert np.array_equal(np.concatenate([first, values(parameter, 90)]), values(other, 120))


def test_reset_ends_the_ramp():
    parameter = smoothed(0.0, 100)
    parameter.value = 1
    values(parameter, 10)
    parameter.reset(500.0)
    assert parameter.ramp_frames == 50
    assert (values(parameter, 5) == 1).all()


changes = st.lists(st.tuples(st.floats(-2, 3), st.integers(0, 200)), min_size=1, max_size=20)


@settings(max_examples=200, deadline=None)
@given(changes=changes, frames=st.integers(1, 150))
def test_no_step_is_larger_than_the_range_over_the_ramp(changes, frames):
    parameter = smoothed(0.0, frames, minimum=-2, maximum=3)
    found = [np.zeros(1, np.float32)]
    for target, count in changes:
        parameter.value = target
        found.append(values(parameter, count))
    steps = np.abs(np.diff(np.concatenate(found).astype(np.float64)))
    assert steps.max(initial=0) <= 5 / frames + 3 * ROUNDING


@settings(max_examples=200, deadline=None)
@given(
    changes=changes, frames=st.integers(1, 150), curve=st.sampled_from(["linear", "exponential"]),
    cuts=st.lists(st.integers(1, 64), min_size=1, max_size=30),
)  # fmt: skip
def test_any_split_into_blocks_is_the_same(io_code, changes, frames, curve, cuts):
    """next() per frame, fill() per block, read(): bit for bit."""
    one, two, three = (smoothed(0.5, frames, curve=curve) for _ in range(3))
    for target, count in changes:
        one.value = two.value = three.value = target
        single, filled = np.empty(count, np.float32), np.empty(count, np.float32)
        io_code.next_values(one, single)
        at = 0
        while at < count:
            step = min(cuts[at % len(cuts)], count - at)
            io_code.fill(two, filled[at : at + step])
            at += step
        whole = values(three, count)
        assert np.array_equal(single, whole) and np.array_equal(filled, whole)


@settings(max_examples=100, deadline=None)
@given(channels=st.integers(1, 5), blocks=st.lists(st.integers(1, 90), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_apply_is_a_product_per_frame(io_code, channels, blocks, seed):
    gain, model = smoothed(0.5, 100), smoothed(0.5, 100)
    gain.value = model.value = 0.1
    audio = np.random.default_rng(seed).uniform(-1, 1, (sum(blocks), channels)).astype(np.float32)
    expected = values(model, len(audio))[:, None] * audio
    at, output = 0, audio.copy()
    for number, count in enumerate(blocks):
        source = output if number % 2 else audio        # the same memory will do
        io_code.apply(gain, output[at : at + count], source[at : at + count])
        at += count
    assert np.array_equal(output, expected)


def test_exponential_has_equal_ratios_and_ends_exactly():
    parameter = smoothed(100.0, 480, curve="exponential")
    parameter.value = 8000
    found = values(parameter, 490).astype(np.float64)
    expected = 100 * 80.0 ** (np.arange(1, 481) / 480)
    assert np.allclose(found[:480], expected, rtol=ROUNDING, atol=0)
    assert (found[479:] == 8000).all()


@pytest.mark.parametrize(("start", "end"), [(0, 1), (1, 0), (-1, 1), (1, -1), (1e-300, 1e30)])
def test_exponential_where_there_is_no_ratio(start, end):
    """Linear then, and never a NaN; 1e-300 to 1e30 is a ratio that no double holds."""
    parameter = smoothed(start, 100, curve="exponential")
    parameter.value = end
    found = values(parameter, 101)
    assert np.allclose(found[:100], start + (end - start) * np.arange(1, 101) / 100, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"milliseconds": -1}, "a ramp of -1.0 ms"),
        ({"milliseconds": math.nan}, "a ramp of nan ms"),
        ({"curve": "cubic"}, "curve is 'cubic'"),
        ({"frames": 0}, "SmoothedParameter: frames is 0"),
        ({"sample_rate": 0}, "a sample rate of 0.0 Hz"),
        ({"sample_rate": math.nan}, "a sample rate of nan Hz"),
    ],
)
def test_wrong_arguments(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        SmoothedParameter(0.0, **options)
