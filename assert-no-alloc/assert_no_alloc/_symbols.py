"""Frames: what an address of a stack means to a reader. Lazily, after the fact, never in a guarded section."""

import functools
import os
import re
import shutil
import subprocess
import sys
from typing import NamedTuple

from assert_no_alloc import _elf, _lines

_INTERPRETER = re.compile(r"(lib)?python[0-9.]*(m|t|d|\.so.*|\.dylib)?$|Python$")
_unstripped: dict[str, str] = {}
_found: dict[tuple, list[_lines.Line]] = {}  # (address, path, base) -> lines, innermost first


class Frame(NamedTuple):
    """One entry of a C stack.

    ``name`` is for people (``gain.Gain.process_io``), ``symbol`` for linkers; ``line`` a Line or
    None; ``pyx_line`` its text (``gain.pyx:31``) when the file is Cython's.
    """

    address: int
    path: str | None
    symbol: str | None
    offset: int
    line: _lines.Line | None

    @property
    def name(self):
        """The symbol as its author wrote it."""
        return readable(self.symbol) if self.symbol else "?"

    @property
    def pyx_line(self):
        """``file.pyx:line`` of Cython code, else None."""
        return str(self.line) if self.line and self.line.file.endswith((".pyx", ".pxd", ".pxi", ".py")) else None

    @property
    def is_interpreter(self):
        """Whether this is Python itself."""
        return bool(self.path and _INTERPRETER.match(os.path.basename(self.path)))

    def __str__(self):
        place = str(self.line) if self.line else f"+{self.offset:#x}"
        return f"{self.name}  {place}  ({os.path.basename(self.path) if self.path else hex(self.address)})"


def add_symbols(binary, unstripped):
    """Names and lines of ``binary`` are read from ``unstripped``: the same link, before `strip`."""
    _unstripped[os.path.realpath(binary)] = os.fspath(unstripped)
    _found.clear()


def symbol(place):
    """The symbol at a located address ``(address, path, base, symbol, symbol address)``, and the offset into it."""
    address, path, base, name, start = place
    file = _elf.read(_file(path)) if path else None
    if file:
        found, offset = file.name(address - 1 - base + file.first)
        if found:
            return found, offset + 1
    return (name, address - start) if name else (None, address - base)


def frames(places):
    """Frames of located addresses, innermost first; functions that the compiler inlined have frames of their own."""
    find_lines(places)
    return tuple(frame for place in places for frame in _frames(place, _found.get(place[:3], ())))


def _frames(place, lines):
    address, path = place[:2]
    name, offset = symbol(place)
    if not lines and name and name.startswith("__pyx_"):
        line = _lines.from_function(path, name)
        lines = [line] if line else []
    if not lines:
        yield Frame(address, path, name, offset, None)
        return
    for line in lines[:-1]:
        yield Frame(address, path, line.function or name, 0, line)
    yield Frame(address, path, name or lines[-1].function, offset, lines[-1])


def _file(path):
    return _unstripped.get(os.path.realpath(path), path)


def find_lines(places):
    """Look many places up at once: the tool that does it takes longer to start than to answer."""
    by_file: dict[str, set] = {}
    for place in places:
        if place[1] and place[:3] not in _found and _worth(place[1]):
            by_file.setdefault(place[1], set()).add((place[0], place[2]))
    for path, addresses in by_file.items():
        look_up = _mac_lines if sys.platform == "darwin" else _elf_lines
        lines = look_up(_file(path), addresses)
        _found.update({(address, path, base): lines.get(address, []) for address, base in addresses})


def _worth(path):
    """Python and the system's own libraries have large debug information, and lines nobody asked for."""
    return not _INTERPRETER.match(os.path.basename(path)) and not path.startswith(("/lib", "/usr/lib", "/System"))


def _elf_lines(path, addresses):
    file = _elf.read(path)
    if not file or not file.has_lines:
        return {}
    wanted = {address: address - 1 - base + file.first for address, base in addresses}
    lines = _lines.from_dwarf(path, sorted(set(wanted.values())))
    return {address: lines[at] for address, at in wanted.items() if lines.get(at)}


def _mac_lines(path, addresses):
    """By atos, which comes with Xcode. NOT RUN YET: the project has had no Mac so far."""
    atos = shutil.which("atos")
    if not atos:
        return {}
    found = {}
    for address, base in addresses:
        command = [atos, "-o", path, "-l", hex(base), hex(address - 1)]
        output = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
        match = re.search(r"\(([^()]+):(\d+)\)\s*$", output)
        if match:
            found[address] = _lines._line("??", f"{match[1]}:{match[2]}")
    return {address: lines for address, lines in found.items() if lines}


@functools.lru_cache(maxsize=1024)
def readable(name):
    """``gain.Gain.process_io`` for ``__pyx_f_4gain_4Gain_process_io``; C++ names by c++filt; others as they are."""
    match = re.match(r"__pyx_(f|fuse_\d+|pf|pw|gb)_", name)
    if match:
        return _cython_name(name[match.end() :], numbered=match[1] in ("pf", "pw"))
    if name.startswith("_Z") and shutil.which("c++filt"):
        return subprocess.run(["c++filt", name], capture_output=True, text=True, timeout=60).stdout.strip() or name
    return name


def _cython_name(rest, numbered):
    """Modules and classes stand before the name, each with its length; ``def`` functions may be numbered.

    In ``3run_fast`` the 3 may be either: a class if it is capitalised or something like it follows, else a number.
    """
    rest = rest.partition(".")[0]  # what the optimiser appends: .constprop.0
    parts = []
    while match := re.match(r"\d+", rest):
        end = match.end() + int(match[0])
        part, after = rest[match.end() : end], rest[end + 1 : end + 2]
        is_scope = not numbered or not parts or part[:1].isupper() or after.isdigit()
        if rest[end : end + 1] != "_" or not is_scope:
            break
        parts.append(part)
        rest = rest[end + 1 :]
    return ".".join([*parts, rest.lstrip("0123456789")])
