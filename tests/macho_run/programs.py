"""Programs in C around the carrier: the probe of libSystem, and a host for arm64 under qemu-user."""

import os
import shutil
import subprocess

from macho_run.carry import HERE
from sanitize.build import HOST, HOST_FLAGS

from tympan.bundle import cache, macho, target, toolchain
from tympan.bundle.compile import PACKAGE
from tympan.bundle.macho.link import STUBS

#: Compiler and emulator for arm64 as Debian names them; its libraries are where the compiler has them.
ARM_COMPILER = "aarch64-linux-gnu-gcc"
ARM_RUN = ("qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu")


def missing_for_arm():
    """What is not there of what executes arm64 code on another processor, or ""."""
    lacking = [name for name in (ARM_COMPILER, ARM_RUN[0]) if not shutil.which(name)]
    names = "qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
    return f"executes arm64 code with {' and '.join(lacking)} (Debian: {names})" if lacking else ""


def program(source, *compiler):
    """An executable made of macho_run/SOURCE, by ``compiler`` or for this machine; the sanitizers' host is at hand."""
    command = [*(compiler or toolchain.compiler()), *HOST_FLAGS]
    headers = [*sorted(HOST.glob("*.h")), *sorted(PACKAGE.glob("testing/*.h")), PACKAGE / "coreaudio.h"]
    whole = [*command, f"-I{PACKAGE}", f"-I{PACKAGE / 'testing'}", f"-I{HOST}", HERE / source, "-lm", "-ldl", "-o"]
    name = f"macho-run-{cache.key(str(command), HERE / source, *headers)}"
    return cache.stored(name, lambda output: toolchain.run_checked([*whole, output], f"compiling {source}"))


def native_probe(folder):
    """The probe as this machine's shared object."""
    flags = ("-O2", "-w", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread")
    toolchain.run_checked([*toolchain.compiler(), *flags, HERE / "probe.c", "-o", folder / "Probe", "-lm"], "the probe")
    return folder / "Probe"


def probe(machine, folder, link=None):
    """The probe as a bundle of macOS, which has a binary and nothing else; ``link``: in place of the bundler's."""
    bundle = folder / "Probe.driver"
    (bundle / "Contents" / "MacOS").mkdir(parents=True)
    flags = ("-O2", "-w", "-fvisibility=hidden", "-c")
    toolchain.run_checked([*machine.compiler(), *flags, HERE / "probe.c", "-o", folder / "probe.o"], "the probe")
    (link or macho.link)([folder / "probe.o"], "TympanFactory", bundle / "Contents" / "MacOS" / "Probe", machine)
    return bundle


def link_without_chains(parts, factory, output, machine):
    """As older linkers do: the fixups are a program for dyld, and functions are bound late."""
    versions = ("-platform_version", "macos", target.MINIMUM_MACOS, target.SDK_VERSION)
    command = [*target.linker(), "-arch", machine.architecture, "-bundle", *versions, "-no_fixup_chains"]
    command += ["-U", "dyld_stub_binder", "-exported_symbol", f"_{factory}", "-o", output, *parts, *STUBS]
    toolchain.run_checked(command, "linking the probe")


def asked(what, binary, folder, *emulator, compiler=()):
    """What ``asker`` does with a probe: (exit code, what it printed, what it complained of)."""
    folder.mkdir()
    (folder / "not-empty").touch()
    command = [*emulator, program("asker.c", *compiler), binary, what]
    environment = {**os.environ, "PROBE_FOLDER": str(folder), "PROBE_WORD": "word"}
    done = subprocess.run(list(map(str, command)), capture_output=True, env=environment, timeout=60)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
