"""Sample conversion against numpy: exact where it can be, nearest and clamped where not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

FLOAT32, INT16, INT24, INT32 = range(4)
BITS = {INT16: 16, INT24: 24, INT32: 32}
floats = hnp.arrays(np.float32, st.integers(1, 65), elements=st.floats(-4, 4, width=32))


def expected(samples, bits):
    """Round to nearest even at full scale 2^(bits-1), clamp."""
    scale = 2.0 ** (bits - 1)
    return np.clip(np.rint(samples.astype(np.float64) * scale), -scale, scale - 1).astype(np.int64)


def integers(data, bits):
    if bits == 24:
        raw = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int64)
        value = raw[:, 0] | raw[:, 1] << 8 | raw[:, 2] << 16
        return np.where(value >= 2**23, value - 2**24, value)
    return np.frombuffer(data, f"<i{bits // 8}").astype(np.int64)


@pytest.mark.parametrize("kind", BITS)
@given(samples=floats)
def test_to_integers(kernels, kind, samples):
    bits = BITS[kind]
    assert (integers(kernels.convert(kind, samples, bits // 8), bits) == expected(samples, bits)).all()


@pytest.mark.parametrize("kind", BITS)
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1.0, -1.0, 1e30, -1e30, -0.0])
def test_extremes(kernels, kind, value):
    bits = BITS[kind]
    top = 2 ** (bits - 1)
    want = 0 if value != value or value == 0 else top - 1 if value > 0 else -top
    assert integers(kernels.convert(kind, np.full(5, value, np.float32), bits // 8), bits).tolist() == [want] * 5


@pytest.mark.parametrize("kind", [INT16, INT24])
def test_there_and_back_changes_no_bit(kernels, kind):
    bits = BITS[kind]
    top = 2 ** (bits - 1)
    values = np.unique(np.r_[np.arange(-top, top, max(1, top // 40000)), top - 1, -1, 0, 1])
    data = values.astype("<i4").view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()
    out = np.empty(len(values), np.float32)
    kernels.unconvert(kind, data, out)
    assert (out == values / top).all()
    assert kernels.convert(kind, out, bits // 8) == data


def test_int32_to_float_is_nearest(kernels):
    values = np.array([-(2**31), 2**31 - 1, 1, 0, -1, 123456789, 2**24 + 1], np.int32)
    out = np.empty(len(values), np.float32)
    kernels.unconvert(INT32, values.tobytes(), out)
    assert (out == (values / 2.0**31).astype(np.float32)).all()


@pytest.mark.parametrize("channels,to_channels", [(2, 5), (5, 2), (1, 2), (3, 3)])
@pytest.mark.parametrize("kind,size", [(FLOAT32, 4), (INT16, 2), (INT24, 3)])
def test_other_channel_counts_keep_the_common_ones(kernels, kind, size, channels, to_channels):
    samples = np.linspace(-0.9, 0.9, 12 * channels, dtype=np.float32).reshape(12, channels)
    wanted = np.zeros((12, to_channels), np.float32)
    common = min(channels, to_channels)
    wanted[:, :common] = samples[:, :common]
    got = kernels.remap(kind, np.ascontiguousarray(samples.ravel()), channels, to_channels, size)
    assert got == kernels.convert(kind, wanted.ravel(), size)
