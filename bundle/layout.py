"""The folder of a ``.driver``: made beside its final place, verified there, and only then put into it."""

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tympan.bundle import toolchain

from tympan._errors import BuildError, UsageError


@contextmanager
def scratch(output, name):
    """A new ``NAME.driver`` folder on the same disk as ``output``; gone afterwards unless moved away."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".tympan-", dir=output)
    except OSError as error:
        raise UsageError(
            f"{output}: cannot write there: {error.strerror}", "Choose another folder with --output."
        ) from None
    with folder as path:
        bundle = Path(path) / f"{name}.driver"
        (bundle / "Contents" / "MacOS").mkdir(parents=True)
        yield bundle


def check_target(target):
    """An older bundle is replaced; anything else of that name is not ours to remove."""
    if os.path.lexists(target) and not (target / "Contents").is_dir():
        raise UsageError(f"{target} is there and is not a bundle", "Remove it, or choose another --output.")


def move(bundle, target):
    """Put the finished bundle in its place; the older one leaves with the scratch folder."""
    check_target(target)
    if os.path.lexists(target):
        os.rename(target, bundle.with_name("older"))
    os.rename(bundle, target)


def sign(bundle):
    """Sign with no identity, nested code first: enough for this Mac. Not yet run."""
    inner = [*bundle.glob("Contents/Frameworks/*"), *bundle.glob("Contents/Resources/lib/*.so"), bundle]
    for path in inner if toolchain.MACOS else ():
        done = subprocess.run(
            ["codesign", "--force", "--sign", "-", str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BuildError(f"{path.name} cannot be signed: {done.stderr.strip()}")
