"""What a bundle is for: this system, or macOS on one or both of its processors."""

import functools
import importlib.util
import re
import shutil
import sysconfig
from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle import toolchain

#: The oldest macOS that a bundle runs on, and the newest whose interfaces it was compiled against.
MINIMUM_MACOS = "12.0"
SDK_VERSION = "14.0"


class Machine:
    """One system and processor that code is compiled for.

    ``name``: "native" or "macos-PROCESSOR". ``architecture``: Apple's name of
    the processor, None for this machine's own.
    """

    def __init__(self, name, architecture=None):
        self.name, self.architecture = name, architecture

    def __str__(self):
        return f"macOS {self.architecture}" if self.architecture else "this machine"

    @property
    def is_macos(self):
        """Whether Mach-O files are made."""
        return bool(self.architecture) or toolchain.MACOS

    @property
    def is_crossed(self):
        """Whether Apple's tools and headers are absent, so that ziglang and our own declarations take their place."""
        return bool(self.architecture) and not toolchain.MACOS

    def require(self):
        """Stop where a tool is missing, before anything is compiled."""
        if self.is_crossed:
            zig()
            linker()

    def compiler(self):
        """The command of the C compiler."""
        if not self.architecture:
            return toolchain.compiler()
        if toolchain.MACOS:
            return [*toolchain.compiler(), "-arch", self.architecture, f"-mmacosx-version-min={MINIMUM_MACOS}"]
        return [*zig(), "cc", "-target", f"{ZIG_NAMES[self.architecture]}-macos.{MINIMUM_MACOS}"]

    def compiler_version(self):
        """What the compiler says of its version; part of every cache key."""
        return toolchain.compiler_version((*zig(), "version") if self.is_crossed else tuple(self.compiler()))

    def includes(self):
        """Folders of Python's headers; a Linux pyconfig.h is not right for a Mac (Py_tss_t)."""
        from tympan.bundle import cpython

        if not self.architecture or (toolchain.MACOS and not cpython.present(self)):
            return [sysconfig.get_path("include"), sysconfig.get_path("platinclude")]
        return [cpython.find(self).include]


ZIG_NAMES = {"arm64": "aarch64", "x86_64": "x86_64"}

NATIVE = Machine("native")
X86_64 = Machine("macos-x86_64", "x86_64")
ARM64 = Machine("macos-arm64", "arm64")

#: What ``--target`` takes, and the machines of each.
TARGETS = {
    "native": (NATIVE,),
    "macos-arm64": (ARM64,),
    "macos-x86_64": (X86_64,),
    "macos-universal2": (X86_64, ARM64),
}


def machines(name):
    """The machines of a target by its name."""
    if name not in TARGETS:
        raise UsageError(f"there is no target {name!r}", f"The targets are {', '.join(TARGETS)}.")
    return TARGETS[name]


@functools.cache
def zig():
    """The program of PyPI's ziglang."""
    found = importlib.util.find_spec("ziglang")
    if found is None:
        raise UsageError(
            "compiling for macOS needs ziglang here, which is not installed", "pip install ziglang, or build on a Mac."
        )
    return (str(Path(found.origin).with_name("zig")),)


#: LLVM 16 is the first whose linker binds every symbol before anything runs (-fixup_chains).
OLDEST_LINKER, NEWEST_LINKER = 16, 40


def linker():
    """The command of LLVM's linker for Mach-O: the newest on the path, else the one that comes with PyPI's IREE."""
    numbered = map(shutil.which, (f"ld64.lld-{number}" for number in range(NEWEST_LINKER, OLDEST_LINKER - 1, -1)))
    plain = shutil.which("ld64.lld")
    if found := next(filter(None, numbered), plain if plain and linker_version(plain) >= OLDEST_LINKER else None):
        return (found,)
    if command := wheel_linker():
        return command
    raise UsageError(
        f"linking for macOS needs ld64.lld here, of LLVM {OLDEST_LINKER} or newer, which was not found",
        "Install it (pip install iree-base-compiler brings one; Debian: scripts/install-system-packages --install), "
        "or build on a Mac.",
    )


@functools.cache
def linker_version(program):
    """The first number of "LLD 22.1.8", 0 when it says none."""
    found = re.search(r"\bLLD (\d+)", toolchain.run([program, "--version"]).stdout)
    return int(found[1]) if found else 0


def wheel_linker():
    """LLVM's linker in PyPI's iree-base-compiler, or None."""
    found = importlib.util.find_spec("iree") and importlib.util.find_spec("iree.compiler")
    for folder in found.submodule_search_locations if found else ():
        program = Path(folder) / "_mlir_libs" / "iree-lld"
        if program.is_file():
            return (str(program), "-flavor", "darwin")
    return None
