"""`make demo`: a driver's .pyx becomes a .driver, is checked, and plays a recording; said in ten lines.

Usage: python tools/demo.py [WAV or FLAC]. Writes demo/Gain.driver, demo/gain.wav and demo/gain.png.
"""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parent.parent
RECORDING = "examples/audio/guitar.flac"


def tympan(*arguments, show):
    """Run one command as a user would, and show those of its lines that hold one of ``show``."""
    print(f"$ python -m tympan {shlex.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "tympan", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.splitlines()
    if done.returncode:
        print(*lines, sep="\n")
        sys.exit(done.returncode)
    for line in lines:
        if any(words in line for words in show):
            print(line)
    return lines


def delay_of(lines):
    """The delay in frames that render states."""
    return next(int(line.split()[1]) for line in lines if line.lstrip().startswith("delay"))


def compare(recording, delay):
    """Is the output 0.5 x the input, bit for bit, ``delay`` frames later?"""
    import soundfile

    played, _ = soundfile.read(recording, dtype="float32", always_2d=True)
    heard, _ = soundfile.read(ROOT / "demo" / "gain.wav", dtype="float32", always_2d=True)
    wanted = numpy.zeros_like(heard)
    wanted[delay:] = numpy.float32(0.5) * played        # a mono file is heard on both sides
    return numpy.array_equal(wanted, heard)


def main(recording=RECORDING):
    (ROOT / "demo").mkdir(exist_ok=True)
    tympan("bundle", "examples/gain", "--output", "demo", show=["Created"])
    tympan("check", "demo/Gain.driver", show=[" rules: "])
    lines = tympan(
        "render", "demo/Gain.driver", recording, "demo/gain.wav", "--picture", "demo/gain.png",
        show=["Played", "delay ", "Wrote", "Drew"],
    )  # fmt: skip
    delay = delay_of(lines)
    if not compare(ROOT / recording, delay):
        sys.exit("The output differs from 0.5 x the input: this is a bug, please report it.")
    print(f"Compared: every sample is 0.5 x the input, bit for bit, {delay} frames later.")


if __name__ == "__main__":
    main(*sys.argv[1:2])
