"""Where built runtimes are: one folder each in the cache, named by what it was made of."""

import json
import os
from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle import cache, runtime

FACTS = "runtime.json"


class Built:
    """A static CPython that was built from source: ``version``, ``library``, ``include`` and its ``facts``."""

    def __init__(self, folder):
        self.folder = folder
        self.facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        self.version = self.facts["version"]
        self.library = folder / f"libpython{runtime.VERSION}.a"
        self.include = folder / "include"

    def __str__(self):
        return f"CPython {self.version} for {self.facts['machine']}"


def folder():
    """The folder of all runtimes."""
    return cache.folder() / cache.RUNTIMES


def place(machine, key):
    """The folder of one runtime."""
    return folder() / f"{machine.name}-{runtime.VERSION}-{key}"


def present(machine):
    """The newest runtime for ``machine`` and this Python's series, or None."""
    found = [path.parent for path in folder().glob(f"{machine.name}-{runtime.VERSION}-*/{FACTS}")]
    return Built(max(found, key=age)) if found else None


def age(path):
    """Newer versions come later, then what was built later."""
    numbers = [int(part) for part in Built(path).version.split(".") if part.isdigit()]
    return numbers, os.stat(path / FACTS).st_mtime_ns, path.name


def find(machine):
    """The same, or a UsageError that says how to get one."""
    built = present(machine)
    if built is None:
        raise UsageError(
            f"there is no CPython {runtime.VERSION} for {machine} here yet",
            f"Build it once, which takes minutes: python -m tympan runtime build --target {machine.name} "
            "--source ARCHIVE, or --download.",
        )
    return built


def write_facts(path, **facts):
    """Complete a runtime's folder."""
    Path(path, FACTS).write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
