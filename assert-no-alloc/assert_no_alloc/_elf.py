"""Names of functions in a 64-bit ELF file, local ones included; nothing but the standard library."""

import bisect
import functools
import struct

_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMTAB, _DYNSYM, _FUNCTION, _LOAD = 2, 11, 2, 1


class ElfFile:
    """Functions of one file. ``first``: the address its first byte is meant for; ``has_lines``: DWARF is there."""

    def __init__(self, data):
        self._data = data
        sections = _sections(data)
        self.first = _first_load(data)
        self.has_lines = any(name == ".debug_line" for name, _ in sections)
        tables = [s for _, s in sections if s[1] == _SYMTAB] or [s for _, s in sections if s[1] == _DYNSYM]
        self._functions = sorted(set(_functions(data, [s for _, s in sections], tables)))
        self._starts = [start for start, _, _ in self._functions]

    def name(self, address):
        """``(name, offset)`` of the function at a link-time address, or ``(None, 0)``."""
        at = bisect.bisect_right(self._starts, address) - 1
        if at < 0:
            return None, 0
        start, size, name = self._functions[at]
        return (name, address - start) if address < start + max(size, 1) else (None, 0)


@functools.lru_cache(maxsize=64)
def read(path):
    """The ElfFile at ``path``, or None when it is unreadable or something else."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        return ElfFile(data) if data[:6] == b"\x7fELF\x02\x01" else None
    except (OSError, struct.error):
        return None


def _sections(data):
    offset = struct.unpack_from("<Q", data, 40)[0]
    size, count, names_at = struct.unpack_from("<HHH", data, 58)
    headers = [_SECTION.unpack_from(data, offset + i * size) for i in range(count)] if offset else []
    if not headers:
        return []
    names = headers[names_at][4]
    return [(_text(data, names + header[0]), header) for header in headers]


def _first_load(data):
    offset = struct.unpack_from("<Q", data, 32)[0]
    size, count = struct.unpack_from("<HH", data, 54)
    starts = []
    for i in range(count):
        kind, _, _, address = struct.unpack_from("<IIQQ", data, offset + i * size)
        if kind == _LOAD:
            starts.append(address & ~0xFFF)
    return min(starts, default=0)


def _functions(data, sections, tables):
    for table in tables:
        strings = sections[table[6]][4]
        for i in range(table[5] // _SYMBOL.size):
            name, info, _, section, value, size = _SYMBOL.unpack_from(data, table[4] + i * _SYMBOL.size)
            if info & 15 == _FUNCTION and section:
                yield value, size, _text(data, strings + name)


def _text(data, offset):
    return data[offset : data.index(b"\0", offset)].decode("utf-8", "replace")
