"""The architectures of a Mach-O file, each with its bytes: what the rules look at. lief only reads them."""

import struct

import lief

from tympan._errors import BuildError, UsageError
from tympan.bundle.binary import machine, strip
from tympan.bundle.macho.universal import MAGIC, PROCESSORS

THIN_MAGIC = 0xFEEDFACF
#: More than these in one file is a Java class, which begins with the same number, or a damaged header.
MOST = 8

CPU_NAMES = {number: name for name, (number, _, _) in PROCESSORS.items()}


class Slice:
    """One architecture: ``name``, its bytes ``data``, and lief's ``macho`` of them."""

    def __init__(self, name, data, fat):
        self.name, self.data = name, data
        self.fat = fat  # what it is part of, for lief: its slices die with it
        self.macho = fat.at(0)

    def __str__(self):
        return f"the {self.name} slice"

    @property
    def subtype(self):
        """The variant of the processor: 0 for arm64, 2 for arm64e."""
        return int.from_bytes(self.data[8:12], "little") & 0xFFFFFF

    @property
    def kind(self):
        """The file type, such as BUNDLE."""
        return self.macho.header.file_type.name

    def commands(self, *kinds):
        """Its load commands of these kinds, by the names that lief gives them."""
        return [command for command in self.macho.commands if command.command.name in kinds]

    def exports(self):
        """Every name that another image could bind to: those of the export trie and of the symbol table."""
        public = {item.name for item in self.macho.symbols if item.raw_type & 0x1F == 0x0F}  # N_SECT and N_EXT
        return sorted(strip(name) for name in public | {item.name for item in self.macho.exported_symbols})

    def imports(self):
        """(name, library or "", is weak) of every symbol that comes from outside."""
        found = {}
        for item in self.macho.bindings:
            if item.has_symbol:
                library = item.library.name if item.has_library else ""
                found.setdefault((item.symbol.name, library), set()).add(bool(item.weak_import))
        return [(name, library, True in weak) for (name, library), weak in sorted(found.items())]

    def undefined(self):
        """(name, is weak) of the symbol table's rows for what is outside."""
        rows = [item for item in self.macho.symbols if item.raw_type & 0x0F == 0x01]  # N_UNDF and N_EXT
        return [(item.name, bool(item.description & 0x40)) for item in rows]  # N_WEAK_REF


def read(path):
    """The ``Slice`` of every architecture in the file; an error in one sentence when there is no reading it."""
    data = path.read_bytes()
    if not data:
        raise UsageError(f"{path} is empty, so it cannot be loaded")
    return [parsed(path, name, part) for name, part in cut(path, data)]


def cut(path, data):
    """(processor, bytes) of each part of a universal file, or of the one that a thin file is."""
    if len(data) >= 8 and int.from_bytes(data[:4], "little") == THIN_MAGIC:
        return [(CPU_NAMES.get(int.from_bytes(data[4:8], "little"), "unknown"), data)]
    if len(data) < 8 or int.from_bytes(data[:4], "big") != MAGIC:
        raise UsageError(f"{path} is neither an ELF nor a Mach-O file, so it cannot be loaded")
    count = int.from_bytes(data[4:8], "big")
    if not 0 < count <= MOST or len(data) < 8 + 20 * count:
        raise damaged(path, "its table of processors is cut short or not one")
    return [piece(path, data, struct.unpack_from(">5I", data, 8 + 20 * number)) for number in range(count)]


def piece(path, data, row):
    """One row of the table."""
    processor, _, offset, size, alignment = row
    name = CPU_NAMES.get(processor, "unknown")
    if not size or offset + size > len(data):
        raise damaged(path, f"the {name} slice ends behind the end of the file")
    if alignment > 20 or offset % (1 << alignment):
        raise damaged(path, f"the {name} slice does not begin at a multiple of its alignment")
    part = data[offset : offset + size]
    if int.from_bytes(part[:4], "little") != THIN_MAGIC:
        raise damaged(path, f"the {name} slice is no Mach-O file")
    if CPU_NAMES.get(int.from_bytes(part[4:8], "little"), "unknown") != name:
        raise damaged(path, f"the {name} slice is for another processor than the file's table says")
    return name, part


def damaged(path, why):
    """The error for a file that no loader would take."""
    return BuildError(f"{path}: the binary is damaged: {why}", "Build the bundle again.")


def parsed(path, name, data):
    """One slice as lief sees it; its commands and segments are where it says."""
    lief.logging.disable()
    size = int.from_bytes(data[20:24], "little")
    if len(data) < 32 or 32 + size > len(data):
        raise damaged(path, f"the {name} slice is cut short")
    fat = lief.MachO.parse(list(data))
    macho = fat.at(0) if fat is not None and fat.size else None
    if macho is None or sum(command.size for command in macho.commands) != size:
        raise damaged(path, f"the load commands of the {name} slice cannot be read")
    if name == "unknown":
        name = machine(macho.header.cpu_type)
    ends = [segment.file_offset + segment.file_size for segment in macho.segments]
    if not ends or max(ends) > len(data):
        raise damaged(path, f"the {name} slice is cut short")
    return Slice(name, data, fat)
