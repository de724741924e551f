"""Reads one architecture of a Mach-O file into an ``Image``."""

from tympan._errors import UsageError
from tympan.bundle import binary
from tympan.bundle.realtime.image import MACHINES, Image, Region

#: Segments that the loader makes read-only after it has filled them.
CONSTANT_SEGMENTS = ("__TEXT", "__DATA_CONST", "__AUTH_CONST")
#: Zero-filled sections have an offset of 0 in the file.
ZERO_FILL = ("ZEROFILL", "GB_ZEROFILL", "THREAD_LOCAL_ZEROFILL")


def read(macho):
    """The ``Image`` of one slice."""
    machine = binary.machine(macho.header.cpu_type)
    if machine not in MACHINES:
        raise UsageError(f"a slice is for {machine}, which this check cannot read")
    imports, pointers = relocated(macho)
    starts = macho.imagebase
    functions = [starts + offset for offset in macho.function_starts.functions] if macho.has_function_starts else []
    functions += stubs(macho)
    return Image("Mach-O", machine, regions(macho), imports, pointers, symbols(macho), functions, islands(macho))


def islands(macho):
    """Jump tables that lie between the instructions."""
    for entry in macho.data_in_code.entries if macho.has_data_in_code else ():
        yield macho.imagebase + entry.offset, macho.imagebase + entry.offset + entry.length


def regions(macho):
    """Section by section: ``__TEXT`` holds code, stubs and constants."""
    for section in macho.sections:
        if not section.size:
            continue
        segment = section.segment_name
        code = segment == "__TEXT" and section.name in ("__text", "__stubs", "__stub_helper", "__auth_stubs")
        zero = section.type.name in ZERO_FILL
        data = b"" if zero else bytes(section.content)
        # A lazy binding leaves its pointer writable; only the loader writes there.
        fixed = segment in CONSTANT_SEGMENTS or section.name in ("__got", "__la_symbol_ptr", "__const")
        yield Region(section.virtual_address, data, section.size, code, fixed and not code)


def stubs(macho):
    """Where each stub begins; the section says how long one is."""
    for section in macho.sections:
        if section.type.name == "SYMBOL_STUBS" and section.reserved2:
            yield from range(section.virtual_address, section.virtual_address + section.size, section.reserved2)


def relocated(macho):
    """(imports, pointers): what the loader will write where."""
    imports = {item.address: strip(item.symbol.name) for item in macho.bindings if item.has_symbol}
    pointers = {}
    for item in macho.relocations:
        target = getattr(item, "target", None)
        if target is None:
            data = macho.get_content_from_virtual_address(item.address, 8)
            target = int.from_bytes(bytes(data), "little")
        if item.address not in imports:
            pointers[item.address] = target
    return imports, pointers


def strip(name):
    """A C name without the underscore that Mach-O puts before it."""
    return name.removeprefix("_")


def symbols(macho):
    """(address, 0, name): Mach-O keeps no sizes."""
    return [
        (item.value, 0, strip(item.name))
        for item in macho.symbols
        if item.value and item.name and item.raw_type & 0x0E == 0x0E and not item.raw_type & 0xE0
    ]
