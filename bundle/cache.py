"""Files that a later run can use again: objects and extension modules, named by what they were made of.

``$XDG_CACHE_HOME/tympan``, or ``~/.cache/tympan``. Any number of processes may
use it at once: a file is written under another name and renamed when complete.
"""

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tympan._errors import UsageError

KEEP_SECONDS = 30 * 24 * 3600

#: Built runtimes: not forgotten, because one takes minutes to build.
RUNTIMES = "runtimes"


def folder():
    """The cache's folder, made when it is not there."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or ".")
    path = (base if base.is_absolute() else Path.home() / ".cache") / "tympan"  # the XDG rule: ignore a relative one
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        hint = "Set XDG_CACHE_HOME to a folder that you may write to."
        raise UsageError(f"the cache folder {path} cannot be used: {error.strerror}", hint) from None
    return path


def key(*parts):
    """A short name for the content of ``parts``: paths (their bytes), bytes and strings."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:20]


def stored(name, make):
    """The cached file ``name``; ``make(path)`` writes it when it is not there yet."""
    target = folder() / name
    if target.exists():
        os.utime(target)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=folder()) as scratch:
        fresh = Path(scratch) / target.name
        make(fresh)
        os.replace(fresh, target)
    forget_old()
    return target


def forget_old():
    """Remove what no run used for a month; another process may be doing the same."""
    limit = time.time() - KEEP_SECONDS
    for base, folders, names in os.walk(folder()):  # leaves out folders that are gone by now
        folders[:] = [name for name in folders if name != RUNTIMES]
        for path in (os.path.join(base, name) for name in names):
            with suppress(OSError):
                if os.stat(path).st_mtime < limit:
                    os.unlink(path)
