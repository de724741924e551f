"""What a finished ELF or Mach-O file says about itself. Read with lief, which writes nothing here."""

from pathlib import Path

import lief

from tympan._errors import UsageError

_MACHINES = {"AARCH64": "arm64", "ARM64": "arm64"}


class Binary:
    """One architecture of a binary: names of exports, imports as (name, origin), libraries, folders to find them in.

    The origin of an import is the library or symbol version that supplies it,
    or "" where the loader takes the first symbol of that name.
    """

    def __init__(self, system, machine, kind, exports, imports, libraries, folders):
        self.system, self.machine, self.kind = system, machine, kind
        self.exports, self.imports, self.libraries, self.folders = exports, imports, libraries, folders


def read(path):
    """The ``Binary`` of each architecture in ``path``; a UsageError when no loader would take it."""
    lief.logging.disable()
    path = Path(path)
    if path.stat().st_size == 0:
        raise UsageError(f"{path} is empty, so it cannot be loaded")
    if lief.is_elf(str(path)):
        found = [read_elf(path)]
    elif lief.is_macho(str(path)):
        universal = lief.MachO.parse(str(path))  # its slices die with it
        found = [read_macho(binary) for binary in universal or ()]
    else:
        raise UsageError(f"{path} is neither an ELF nor a Mach-O file, so it cannot be loaded")
    if not all(found):
        raise UsageError(f"{path} is damaged, so it cannot be loaded")
    return found


def read_elf(path):
    """An ELF shared object, or None when it is cut short."""
    binary = lief.ELF.parse(str(path))
    if binary is None or not complete(binary, path.stat().st_size):
        return None
    symbols = [symbol for symbol in binary.dynamic_symbols if symbol.name and symbol.binding.name != "LOCAL"]
    return Binary(
        "Linux",
        machine(binary.header.machine_type),
        binary.header.file_type.name,
        sorted(symbol.name for symbol in symbols if symbol.shndx),
        sorted({(symbol.name, elf_origin(symbol)) for symbol in symbols if not symbol.shndx}),
        list(binary.libraries),
        elf_folders(binary),
    )


def elf_folders(binary):
    """Where the loader looks for libraries first."""
    kinds = (lief.ELF.DynamicEntryRpath, lief.ELF.DynamicEntryRunPath)
    return [folder for entry in binary.dynamic_entries if isinstance(entry, kinds) for folder in entry.paths]


def complete(binary, size):
    """Whether the file is as long as its segments say, and has something to load."""
    ends = [segment.file_offset + segment.physical_size for segment in binary.segments]
    return bool(ends) and max(ends) <= size


def elf_origin(symbol):
    """The version that an undefined symbol must have (GLIBC_2.17), "weak" if it may be missing, or ""."""
    if symbol.binding.name == "WEAK":
        return "weak"
    version = symbol.symbol_version
    if version is None or not version.has_auxiliary_version:
        return ""
    return version.symbol_version_auxiliary.name


def read_macho(binary):
    """One slice of a Mach-O file."""
    imports = {(strip(symbol.name), macho_origin(symbol)) for symbol in binary.imported_symbols}
    return Binary(
        "macOS",
        machine(binary.header.cpu_type),
        binary.header.file_type.name,
        sorted(strip(symbol.name) for symbol in binary.exported_symbols),
        sorted(imports),
        [library.name for library in binary.libraries],
        [command.path for command in binary.commands if isinstance(command, lief.MachO.RPathCommand)],
    )


def macho_origin(symbol):
    """The library that an undefined symbol is bound to."""
    if not symbol.has_binding_info or not symbol.binding_info.has_library:
        return ""
    return symbol.binding_info.library.name


def strip(name):
    """A C name without the underscore that Mach-O puts before it."""
    return name.removeprefix("_")


def machine(value):
    """The processor by its usual name."""
    name = value.name.upper()
    return _MACHINES.get(name, name.lower())
