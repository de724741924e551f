"""Build a runtime: unpack, configure, make the static library, keep library and headers."""

import os
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tympan._errors import BuildError, UsageError
from tympan.bundle import cache, runtime, target, toolchain
from tympan.bundle.cpython import configure, source, store

HERE = Path(__file__).parent

#: glibc's and Apple's names for what a build is made for.
HOSTS = {"arm64": "aarch64-apple-darwin", "x86_64": "x86_64-apple-darwin"}


def build_runtime(machine, archive, say=None):
    """Build CPython for ``machine`` from the source in ``archive``; the ``Built``, at once when it is there already.

    ``archive``: a .tar of python.org, or the .orig.tar of Debian's source
    package, of the series that this Python has. ``say`` is called with one
    line per step. Takes minutes. Raises a TympanError, and then keeps nothing.
    """
    say, archive = say or (lambda text: None), Path(archive)
    if not archive.is_file():
        raise UsageError(f"{archive}: there is no such file", source.GIVE)
    checksum = source.sha256(archive)
    goal = store.place(machine, key(machine, checksum))
    if not (goal / store.FACTS).is_file():
        started = time.monotonic()
        goal.parent.mkdir(exist_ok=True)  # the one folder of the cache from which nothing old is removed
        with tempfile.TemporaryDirectory(prefix="new-", dir=goal.parent) as scratch:
            make(machine, archive, checksum, Path(scratch), goal, say)
        say(f"Built in {time.monotonic() - started:.0f} s")
    return store.Built(goal)


def key(machine, checksum):
    """Changes with the source, the tools and how they are called."""
    return cache.key(
        checksum, machine.name, machine.compiler_version(), HERE / "configure.py", Path(__file__), target.MINIMUM_MACOS
    )


def make(machine, archive, checksum, scratch, goal, say):
    """All steps, in a folder that is gone afterwards."""
    say(f"Unpacking {archive.name}")
    (scratch / "unpacked").mkdir()
    folder, version = source.unpack(archive, scratch / "unpacked")
    work = scratch / "build"
    work.mkdir()
    say(f"Configuring CPython {version} for {machine}")
    run(configuring(machine, folder, work), work, f"configuring CPython {version}", machine)
    library = f"libpython{runtime.VERSION}.a"
    say(f"Compiling CPython {version} for {machine}")
    run(["make", f"-j{os.cpu_count()}", library], work, f"compiling CPython {version}", machine)
    fresh = scratch / "fresh"
    shutil.copytree(folder / "Include", fresh / "include", copy_function=shutil.copyfile)
    shutil.copy(work / "pyconfig.h", fresh / "include")
    shutil.copy(work / library, fresh)
    store.write_facts(fresh, version=version, machine=machine.name, source=archive.name, sha256=checksum)
    if not goal.exists():
        os.rename(fresh, goal)


def configuring(machine, folder, work):
    """The command, after configure has been made to accept the target; the source by a path that names no machine."""
    stdlib = (folder / "Modules" / "Setup.stdlib.in").read_text(encoding="utf-8")
    (folder / "Modules" / "Setup.local").write_text(configure.modules(stdlib), encoding="utf-8")
    os.symlink(folder, work / "source")
    command = ["source/configure", *configure.OPTIONS]
    if not machine.is_crossed:
        return command
    script = folder / "configure"
    script.write_text(configure.patch(script.read_text(encoding="utf-8")), encoding="utf-8")
    (work / "config.site").write_text(configure.site(), encoding="ascii")
    build = toolchain.run(["sh", str(folder / "config.guess")]).stdout.strip()
    where = (f"--host={HOSTS[machine.architecture]}", f"--build={build}", f"--with-build-python={sys.executable}")
    return [*command, *where]


def run(command, work, what, machine):
    """Run a step; on failure its last lines, because a first line of make says nothing."""
    done = toolchain.run(command, cwd=work, env=environment(machine))
    if done.returncode:
        lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if "error" in line.lower()]
        raise BuildError(f"{what} failed: {(lines or ['no message'])[0]}", f"Tried are {configure.TRIED}.")


def environment(machine):
    """Compiler and archiver; no time of day, and nothing that the user's shell says of compilers or Pythons."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CFLAGS", "LDFLAGS"))}
    tools = {"CC": shlex.join(machine.compiler()), "CFLAGS": "-g0 -fPIC -Wno-date-time", "SOURCE_DATE_EPOCH": "0"}
    if machine.is_crossed:
        tools |= {
            "CONFIG_SITE": "config.site",
            "READELF": "true",  # asked for in every cross build, used in none for a Mac
            "AR": shlex.join([*target.zig(), "ar"]),
            "RANLIB": shlex.join([*target.zig(), "ranlib"]),
            "MACOSX_DEPLOYMENT_TARGET": target.MINIMUM_MACOS,
        }
    return {**mine, **tools}
