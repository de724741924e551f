"""Line numbers of an object file by function, so that they hold wherever the linker puts the function."""

import bisect
from pathlib import PurePosixPath

import lief

from tympan.bundle.realtime import dwarf


def lines(path):
    """{function: [(offset, file name, line)]} of an object file; {} when it has no line table."""
    lief.logging.disable()
    if lief.is_elf(str(path)):
        return elf_lines(lief.ELF.parse(str(path)))
    found = {}
    universal = lief.MachO.parse(str(path))
    for macho in universal or ():
        found.update(macho_lines(macho))
    return found


def gather(rows, owner):
    """Rows by function; ``owner(place)`` answers (function, offset) or None. Line 0: the compiler cannot tell.

    What a header of the system was inlined for counts as such, too: nobody looks for a mistake there.
    """
    found = {}
    for place, file, line in rows:
        known = owner(place)
        if known is not None:
            path = PurePosixPath(file)
            number = 0 if "include" in path.parts else line
            found.setdefault(known[0], []).append((known[1], path.name, number))
    return {name: sorted(part, key=lambda row: row[0]) for name, part in found.items()}


def elf_lines(elf):
    """Of an ELF object, where every address is a relocation."""
    section = next((item for item in elf.sections if item.name == ".debug_line"), None)
    if section is None:
        return {}
    fixed, sections = {}, list(elf.sections)
    for item in elf.object_relocations:
        if item.has_section and item.section.name == ".debug_line":
            symbol = item.symbol
            fixed[item.address] = (symbol.shndx, symbol.value + item.addend)
    texts = {True: content(elf, ".debug_line_str"), False: content(elf, ".debug_str")}

    def strings(is_line, at, value):
        start = fixed[at][1] if at in fixed else value
        return texts[is_line][start:].partition(b"\0")[0].decode("utf-8", "replace")

    data = bytes(section.content)
    rows = dwarf.rows(data, strings, lambda at, value: fixed.get(at, (None, value)))
    return gather(rows, owner_of(elf_functions(elf, sections)))


def content(elf, name):
    """A section's bytes, or none."""
    section = next((item for item in elf.sections if item.name == name), None)
    return bytes(section.content) if section is not None else b""


def elf_functions(elf, sections):
    """{section number: [(offset, name)]}."""
    found = {}
    for item in elf.symtab_symbols:
        if item.type == lief.ELF.Symbol.TYPE.FUNC and 0 < item.shndx < len(sections):
            found.setdefault(item.shndx, []).append((item.value, item.name))
    return {number: sorted(part) for number, part in found.items()}


def owner_of(functions):
    """A function that answers (function, offset in it) of a place (section, offset)."""

    def owner(place):
        known = functions.get(place[0])
        if not known:
            return None
        index = bisect.bisect_right(known, (place[1], "\uffff")) - 1
        return (known[index][1], place[1] - known[index][0]) if index >= 0 else None

    return owner


def macho_lines(macho):
    """Of a Mach-O object, whose addresses are those of the object itself."""
    section = next((item for item in macho.sections if item.name == "__debug_line"), None)
    if section is None:
        return {}
    parts = {name: bytes(item.content) for item in macho.sections for name in [item.name]}
    texts = {True: parts.get("__debug_line_str", b""), False: parts.get("__debug_str", b"")}

    def strings(is_line, at, value):
        return texts[is_line][value:].partition(b"\0")[0].decode("utf-8", "replace")

    functions = sorted(
        (item.value, item.name.removeprefix("_"))
        for item in macho.symbols
        if item.raw_type & 0x0E == 0x0E and not item.raw_type & 0xE0 and not item.name.startswith(("ltmp", "l_"))
    )
    rows = dwarf.rows(parts["__debug_line"], strings, lambda at, value: (0, value))
    return gather(rows, owner_of({0: functions}))
