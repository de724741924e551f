"""A picture of what went into a device and what came out (needs matplotlib)."""

import os
import tempfile
from pathlib import Path

import numpy

from tympan._errors import UsageError

_IN, _OUT, _GREY = ("#A9C3E0", "#3B6AA0"), ("#F3B49F", "#D1491F"), "#5F6368"
_COLUMNS = 700  # few enough that a stretch holds a whole wave: no moire


def draw(path, played):
    """Draw a Rendering as PNG: input above, output below, one time axis in seconds."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("--picture needs matplotlib", "Install it: pip install matplotlib.") from None
    figure = Figure(figsize=(11, 5.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    seconds = len(played.result) / played.rate
    limit = max(_peak(played.audio), _peak(played.result), 1e-4) * 1.12
    _panel(axes[0], played.audio, played.rate, _IN, f"into the device: {played.name}", _level(played.audio))
    later = f"{1000 * played.delay / played.rate:.1f} ms later, {_level(played.result)}"
    _panel(axes[1], played.result, played.rate, _OUT, f"out of the device: {played.device_name}", later)
    axes[1].axvline(played.delay / played.rate, color=_GREY, linewidth=0.8)  # where the input's first frame comes out
    axes[1].set(xlim=(0, seconds), ylim=(-limit, limit), xlabel="seconds")
    _save(figure, Path(path))


def _peak(audio):
    return float(numpy.abs(audio).max()) if audio.size else 0.0


def _level(audio):
    peak = _peak(audio)
    return f"peak {20 * numpy.log10(peak):.1f} dBFS" if peak > 0 else "silence"


def _panel(axis, audio, rate, colours, title, note):
    """Peaks pale, RMS strong, over all channels; dashed lines at the peak."""
    times, low, high, rms = envelope(audio, rate)
    axis.fill_between(times, low, high, color=colours[0], linewidth=0)
    axis.fill_between(times, numpy.maximum(-rms, low), numpy.minimum(rms, high), color=colours[1], linewidth=0)
    for level in (_peak(audio), -_peak(audio)):
        axis.axhline(level, color=_GREY, linewidth=0.7, linestyle=(0, (4, 3)))
    axis.axhline(0, color=_GREY, linewidth=0.5)
    axis.set_title(title, loc="left", fontsize=11)
    axis.set_title(note, loc="right", fontsize=10, color=_GREY)
    axis.set_ylabel("amplitude")
    axis.spines[["top", "right"]].set_visible(False)


def envelope(audio, rate):
    """(times in s, minima, maxima, RMS) of at most 700 stretches of the audio, over all channels."""
    step = max(1, -(-len(audio) // _COLUMNS))
    columns = -(-len(audio) // step)
    padded = numpy.zeros((columns * step, audio.shape[1]), audio.dtype)
    padded[: len(audio)] = audio
    blocks = padded.reshape(columns, -1)
    rms = numpy.sqrt(numpy.square(blocks, dtype=numpy.float64).mean(axis=1))
    return (numpy.arange(columns) + 0.5) * step / rate, blocks.min(axis=1), blocks.max(axis=1), rms


def _save(figure, path):
    handle, temporary = tempfile.mkstemp(prefix=".tympan-", suffix=".png", dir=path.parent)
    os.close(handle)
    try:
        figure.savefig(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
