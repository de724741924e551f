"""Reading any audio file, and writing float32 WAV, with sentences for what goes wrong."""

import os
import tempfile
from pathlib import Path

import numpy

from tympan._errors import UsageError


def read_audio(path):
    """(audio float32 (frames, channels), sample rate in Hz) of a WAV, FLAC, ... file."""
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}", "Give a WAV or FLAC file.")
    soundfile = _soundfile()
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, TypeError, OSError) as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise UsageError(
            f"{path} cannot be read as audio: {reason.rstrip('.')}", "WAV, FLAC, OGG and AIFF can be read."
        ) from None
    if not len(audio):
        raise UsageError(f"{path} holds no audio", "Give a file of at least one frame.")
    return audio, float(rate)


def write_wav(path, audio, rate):
    """Write a float32 WAV; the file appears at once, complete."""
    path = Path(path)
    if path.suffix.lower() != ".wav":
        raise UsageError(f"{path} is not named .wav", "The result is a float32 WAV; name it so.")
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist", "Make it first, or write elsewhere.")
    soundfile = _soundfile()
    try:
        handle, temporary = tempfile.mkstemp(prefix=".tympan-", suffix=".wav", dir=path.parent)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Choose a folder you may write to.") from None
    os.close(handle)
    try:
        soundfile.write(temporary, audio, int(rate), format="WAV", subtype="FLOAT")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}", "") from None
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _soundfile():
    try:
        import soundfile
    except (ImportError, OSError):
        raise UsageError(
            "reading and writing audio files needs the package soundfile", "Install it: pip install soundfile."
        ) from None
    return soundfile


def adapt_channels(audio, channels, label):
    """Audio for a device of ``channels``: mono goes to all, fewer leave the rest silent."""
    there = audio.shape[1]
    if there > channels:
        raise UsageError(
            f"{label} has {there} channels, the device plays {channels}",
            "Mix it down first, or give the device more channels.",
        )
    if there == 1:
        return numpy.repeat(audio, channels, axis=1)
    return numpy.pad(audio, ((0, 0), (0, channels - there)))


def decibels(audio):
    """Peak in dB below full scale, as text."""
    peak = float(numpy.abs(audio).max()) if audio.size else 0.0
    return f"{20 * numpy.log10(peak):+.1f} dBFS" if peak > 0 else "silence"
