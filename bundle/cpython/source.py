"""CPython's source: an archive given by path or downloaded with a pinned checksum, and the folder it unpacks to."""

import functools
import hashlib
import re
import shutil
import tarfile
import urllib.error
import urllib.request

from tympan._errors import UsageError
from tympan.bundle import cache, runtime
from tympan.bundle.cpython import pins

GIVE = "Give an archive of python.org, or the .orig.tar of Debian's source package: --source ARCHIVE."
SECONDS = 60


def sha256(path):
    """The checksum of a file, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(archive, folder):
    """Unpack into ``folder``; the source's folder, and its version as text."""
    if not archive.is_file():
        raise UsageError(f"{archive}: there is no such file", GIVE)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise UsageError(f"{archive}: not an archive that can be unpacked: {error}", GIVE) from None
    tops = [path for path in folder.iterdir() if (path / "Include" / "patchlevel.h").is_file()]
    if len(tops) != 1:
        raise UsageError(f"{archive} is not a source archive of CPython", GIVE)
    return tops[0], checked_version(archive, tops[0])


def checked_version(archive, source):
    """Its version; frozen modules hold byte code of the Python that runs, so the series must be the same."""
    text = (source / "Include" / "patchlevel.h").read_text(encoding="utf-8")
    found = re.search(r'#define PY_VERSION\s+"([^"]+)"', text)
    version = found[1] if found else "an unknown version"
    if re.match(r"\d+\.\d+", version) is None or re.match(r"\d+\.\d+", version)[0] != runtime.VERSION:
        raise UsageError(
            f"{archive} is CPython {version}, but this Python is {runtime.VERSION}",
            f"Give an archive of CPython {runtime.VERSION}, or run tympan with the other Python.",
        )
    return version


def download(say):
    """The first pinned archive of this Python's series that can be had, kept in the cache."""
    rows = pins.of_series(runtime.VERSION)
    if not rows:
        raise UsageError(f"no source of CPython {runtime.VERSION} is known to download", GIVE)
    for version, checksum, address in rows:
        try:
            return cache.stored(
                f"source-{checksum[:20]}/{address.rpartition('/')[2]}",
                functools.partial(fetch, version, checksum, address, say),
            )
        except OSError as error:
            reason = error
    raise UsageError(f"no source of CPython {runtime.VERSION} could be downloaded: {reason}", GIVE)


def fetch(version, checksum, address, say, output):
    """Download one archive; another content than the pinned one is refused."""
    say(f"Downloading CPython {version}")
    with urllib.request.urlopen(address, timeout=SECONDS) as answer, open(output, "wb") as file:
        shutil.copyfileobj(answer, file)
    if sha256(output) != checksum:
        raise UsageError(f"what {address} answers is not CPython {version}: its SHA-256 is not {checksum}", GIVE)

