"""Draw how a clock that follows another one locks, looks over jitter, holds and slips.

Usage: python tools/draw_servo.py FILE.png. Needs matplotlib. The sources are those of tests/test_servo.py.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))


def rows(kernels):
    """(time, error in frames, ppm, slips): a minute and a half, lost for a minute, and 2,000 frames further on."""
    import numpy as np
    from test_servo import Source

    source = Source(kernels, ppm=80.0, jitter=1e-4, every=0.1)
    source.run(90)
    source.run(60, observe=False)
    source.sample += 2000
    source.run(90)
    return np.array(source.log)


def draw(found, file):
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, 1, sharex=True, figsize=(8, 4.5), layout="constrained")
    above.plot(found[:, 0], found[:, 2], linewidth=1)
    above.axhline(80, color="grey", linewidth=0.5)
    above.set_ylabel("rate (ppm)")
    below.plot(found[:, 0], found[:, 1], linewidth=1)
    below.set_ylim(-12, 12)
    below.set_ylabel("error (frames)")
    below.set_xlabel("seconds")
    for axes in (above, below):
        axes.axvspan(90, 150, color="0.92")
        axes.grid(True, linewidth=0.3)
    below.text(92, 9.5, "lost", color="0.4")
    line = {"arrowstyle": "-", "color": "0.6"}
    below.annotate("2,000 frames slipped", (150.3, 0), (168, 9), color="0.4", arrowprops=line)
    figure.savefig(file, dpi=100, metadata={"Software": None})


def main(arguments):
    os.environ["MPLBACKEND"] = "Agg"
    from conftest import compiled

    from tympan import testing  # noqa: F401  supplies the platform library, off macOS

    draw(rows(compiled("kernels")), arguments[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
