"""Mach-O files on a system that is no Mac: linked by LLVM's linker against stubs of our own, joined, and read back."""

from tympan._errors import BuildError
from tympan.bundle.macho import folder, rules, slices
from tympan.bundle.macho.link import link
from tympan.bundle.macho.universal import join

__all__ = ["check", "is_macho", "join", "link", "problems"]

MAGICS = (bytes.fromhex("cffaedfe"), bytes.fromhex("cafebabe"))


def is_macho(path):
    """Whether a file begins as a Mach-O or universal file does."""
    with open(path, "rb") as file:
        return file.read(4) in MAGICS


def problems(path, info, wanted=None):
    """(sentence, hint) of everything for which macOS would not take the bundle at ``path``, or should not.

    ``info``: Info.plist's dictionary, its required keys checked. ``wanted``:
    the processors that it was to be built for. A file that cannot be read at
    all raises a TympanError instead.
    """
    contents = path / "Contents"
    parts = slices.read(contents / "MacOS" / info["CFBundleExecutable"])
    yield from rules.of_file(parts, wanted)
    for part in parts:
        yield from rules.of_slice(part, info, contents)
    yield from folder.problems(path, info)


def check(path, info, wanted=None):
    """Raise a BuildError with the first of ``problems``."""
    for sentence, hint in problems(path, info, wanted):
        raise BuildError(f"{path}: {sentence}", hint)
