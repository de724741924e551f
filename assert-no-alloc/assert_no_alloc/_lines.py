"""From an address to a source line, and from a line of generated C to the ``.pyx`` line it was made of.

Where a line comes from is said with it:

- ``dwarf``: the object's debug information names the file (``cythonize(..., emit_linenums=True)`` names the .pyx)
- ``dwarf+comments``: it names generated C, whose ``/* "gain.pyx":31`` comments name the .pyx line
- ``comments``: no debug information, but the generated C is at hand: the line of the function, not of the call
"""

import bisect
import functools
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

_COMMENT = re.compile(r'\s*/\* "(.+\.(?:pyx|pxd|pxi|py))":(\d+)$')
_folders: list[Path] = []


class Line(NamedTuple):
    """A place in a source file; ``function`` only from debug information."""

    function: str | None
    file: str
    line: int
    source: str

    def __str__(self):
        return f"{self.file.rpartition('/')[2]}:{self.line}"


def add_sources(folder):
    """Look for generated C in this folder too, besides the object's own."""
    _folders.append(Path(folder))


@functools.cache
def tool():
    """The addr2line of this machine, or None."""
    return shutil.which("addr2line") or shutil.which("llvm-addr2line")


def from_dwarf(path, addresses):
    """``{address: [Line, ...]}``: the innermost inlined function first. Link-time addresses."""
    if not tool() or not addresses:
        return {}
    command = [tool(), "-a", "-f", "-i", "-C", "-e", path, *map(hex, addresses)]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.splitlines()
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found: dict[int, list[Line]] = {}
    while output:
        word = output.pop(0)
        if word.startswith("0x"):
            found[int(word, 16)] = lines = []
        elif output:
            lines += _line(word, output.pop(0))
    return found


def _line(function, place):
    file, _, number = place.partition(" (")[0].rpartition(":")
    if not number.isdigit() or file == "??" or number == "0":
        return []
    return [_through_comments(Line(None if function == "??" else function, file, int(number), "dwarf"))]


def _through_comments(line):
    if not line.file.endswith((".c", ".cpp")):
        return line
    found = _nearest(line.file, line.line)
    return Line(line.function, found[0], found[1], "dwarf+comments") if found else line


def from_function(path, symbol):
    """The Line of a Cython function's definition, by its C name, when the generated C is at hand; else None."""
    stem = Path(path).name.partition(".")[0]
    for folder in (Path(path).parent, *_folders):
        for suffix in (".c", ".cpp"):
            number = _definitions(str(folder / (stem + suffix))).get(symbol)
            found = number and _nearest(str(folder / (stem + suffix)), number)
            if found:
                return Line(None, found[0], found[1], "comments")
    return None


@functools.lru_cache(maxsize=16)
def _read(path):
    try:
        return Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []


@functools.lru_cache(maxsize=16)
def _comments(path):
    found = ((number, _COMMENT.match(text)) for number, text in enumerate(_read(path), 1))
    return [(number, match[1], int(match[2])) for number, match in found if match]


@functools.lru_cache(maxsize=16)
def _definitions(path):
    pattern = re.compile(r"[^;=(]*?(__pyx_\w+)\([^;]*\{(?:\s*/\*.*)?$")
    found = ((number, pattern.match(text)) for number, text in enumerate(_read(path), 1))
    return {match[1]: number for number, match in found if match and not match[0][0].isspace()}


def _nearest(path, number):
    """``(pyx file, line)`` of the last comment before a line, unless a function ended in between."""
    comments = _comments(path)
    at = bisect.bisect_right(comments, (number, "\U0010ffff", 0)) - 1
    if at < 0 or any(text.startswith("}") for text in _read(path)[comments[at][0] : number - 1]):
        return None
    return comments[at][1:]
