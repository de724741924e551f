"""The drivers that deep mode runs: every example, and those that take the core's other ways."""

from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*/*.pyx"))
OWN = [HERE / "drivers" / f"{name}.pyx" for name in ("both_ways", "formats", "changes")]
SUBJECTS = [*EXAMPLES, *OWN]

#: What a driver multiplies the audio by. 0, for one that is not here: then readers must agree with each other.
FACTORS = {
    "minimal_loopback": 1.0, "meter": 1.0, "gain": 0.5, "both_ways": 0.5, "formats": 1.0, "changes": 1.0, "loses": 1.0,
    "repeats": 1.0,
}  # fmt: skip


def factor(path):
    """The host's argument that says what is to be heard."""
    return f"factor={FACTORS.get(path.stem, 0)}"


def name(path):
    """For pytest."""
    return path.stem
