"""A macOS bundle made loadable on Linux: its binary stays as it is, an ELF file that loads it takes its place.

The carrier (carrier.c) is compiled when it is needed, for this machine or for arm64 under qemu-user. Test tooling:
no bundle that ships has it.
"""

import shutil
from pathlib import Path

from tympan.bundle import cache, toolchain
from tympan.bundle.macho import allowed

HERE = Path(__file__).parent
FLAGS = ("-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Wno-unused-function", "-fPIC", "-shared", "-pthread",
         "-fvisibility=hidden")  # fmt: skip
#: How functions begin that the platform library supplies to bundles off macOS, where it has them.
PLATFORM = ("_CF", "_dispatch_", "_mach_", "_semaphore_")


def platform_names():
    """The functions of the platform library that a bundle may import, without their underscore."""
    names = set().union(*(stub.symbols["x86_64"] for stub in allowed.stubs().values()))
    return sorted(name[1:] for name in names if name.startswith(PLATFORM))


def carrier(*compiler, sources=HERE):
    """The carrier, made by ``compiler``, or by this machine's; ``sources``: other ones than those here."""
    command = [*(compiler or toolchain.compiler()), *FLAGS]
    names = "#define PLATFORM(X) " + " ".join(f"X({name})" for name in platform_names()) + "\n"
    key = cache.key(str(command), names, *sorted(sources.glob("*.[ch]")))

    def make(output):
        (output.parent / "platform_names.h").write_text(names, encoding="ascii")
        whole = [*command, f"-I{output.parent}", sources / "carrier.c", "-lm", "-ldl", "-o", output]
        toolchain.run_checked(whole, "compiling the carrier of Mach-O slices")

    return cache.stored(f"macho-carrier-{key}.so", make)


def carried(bundle, folder, *compiler, sources=HERE):
    """A copy of a macOS bundle in ``folder`` that this machine can load; the rest is for ``carrier``."""
    goal = Path(folder) / bundle.name
    shutil.copytree(bundle, goal)
    (binary,) = (goal / "Contents" / "MacOS").iterdir()
    resources = goal / "Contents" / "Resources"
    resources.mkdir(exist_ok=True)
    binary.rename(resources / "macho")
    shutil.copyfile(carrier(*compiler, sources=sources), binary)
    binary.chmod(0o755)
    return goal
