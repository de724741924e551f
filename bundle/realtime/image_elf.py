"""Reads an ELF shared object into an ``Image``."""

import lief

from tympan._errors import UsageError
from tympan.bundle import binary
from tympan.bundle.realtime.image import MACHINES, Image, Region

WRITABLE, EXECUTABLE = lief.ELF.Segment.FLAGS.W, lief.ELF.Segment.FLAGS.X
NOWHERE = 0  # SHN_UNDEF


def read(path):
    """The ``Image`` of the file."""
    elf = lief.ELF.parse(path)
    if elf is None:
        raise UsageError(f"{path} is damaged")
    machine = binary.machine(elf.header.machine_type)
    if machine not in MACHINES:
        raise UsageError(f"{path} is for {machine}, which this check cannot read")
    parts = list(regions(elf))
    imports, pointers = relocated(elf, parts)
    starts = [*(item.address for item in elf.functions), *stubs(elf)]
    return Image("ELF", machine, parts, imports, pointers, symbols(elf), starts)


def regions(elf):
    """The loaded segments; code by sections, because a segment may hold file headers, which stripping changes."""
    constant = [(part.virtual_address, part.virtual_address + part.virtual_size) for part in relro(elf)]
    constant += [(part.virtual_address, part.virtual_address + part.size) for part in lazy(elf)]
    code = [section for section in elf.sections if section.has(lief.ELF.Section.FLAGS.EXECINSTR) and section.size]
    for section in code:
        yield Region(section.virtual_address, bytes(section.content), section.size, True, False)
    for segment in loads(elf):
        start, data = segment.virtual_address, bytes(segment.content)
        writable, executable = (bool(int(segment.flags) & int(flag)) for flag in (WRITABLE, EXECUTABLE))
        if executable and code:
            continue
        if not writable:
            yield Region(start, data, segment.virtual_size, executable, not executable)
            continue
        for low, high, fixed in split(start, start + segment.virtual_size, constant):
            yield Region(low, data[low - start : high - start], high - low, executable, fixed)


def stubs(elf):
    """Where the entries of the PLTs begin, as far as section headers tell."""
    for section in elf.sections:
        if section.name.startswith(".plt"):
            step = section.entry_size or 16
            yield from range(section.virtual_address, section.virtual_address + section.size, step)


def loads(elf):
    """The PT_LOAD segments."""
    return [segment for segment in elf.segments if segment.type == lief.ELF.Segment.TYPE.LOAD]


def relro(elf):
    """What the loader makes read-only after relocation."""
    return [segment for segment in elf.segments if segment.type == lief.ELF.Segment.TYPE.GNU_RELRO]


def lazy(elf):
    """Pointers that stay writable because the loader fills them on first use; nobody else writes there."""
    return [section for section in elf.sections if section.name == ".got.plt"]


def split(start, end, constant):
    """(from, to, is constant) of the parts of a writable segment."""
    at = start
    for low, high in sorted(constant):
        low, high = max(low, at), min(high, end)
        if low < high:
            if at < low:
                yield at, low, False
            yield low, high, True
            at = high
    if at < end:
        yield at, end, False


def relocated(elf, parts):
    """(imports, pointers): what the loader will write where."""
    imports, pointers = {}, {}
    for item in elf.relocations:
        kind = item.type.name
        if kind.endswith(("_RELATIVE", "_RELATIVE64")):
            pointers[item.address] = item.addend or word(parts, item.address)
        elif kind.endswith(("_GLOB_DAT", "_JUMP_SLOT", "_64", "_ABS64")):
            symbol = item.symbol
            if symbol is None or not symbol.name:
                continue
            if symbol.shndx == NOWHERE:
                imports[item.address] = symbol.name
            else:
                pointers[item.address] = symbol.value + item.addend
    return imports, pointers


def word(parts, address):
    """The pointer that the file has at ``address``: packed relocations (DT_RELR) keep their addend there."""
    for part in parts:
        if part.start <= address < part.end:
            at = address - part.start
            return int.from_bytes(part.data[at : at + 8], "little")
    return 0


def symbols(elf):
    """(address, size, name) of functions and variables."""
    kinds = (lief.ELF.Symbol.TYPE.FUNC, lief.ELF.Symbol.TYPE.OBJECT, lief.ELF.Symbol.TYPE.GNU_IFUNC)
    found = {}
    for table in (elf.dynamic_symbols, elf.symtab_symbols):
        for item in table:
            if item.value and item.shndx != NOWHERE and item.type in kinds and item.name:
                found[item.value, item.name] = (item.value, item.size, item.name)
    return list(found.values())
