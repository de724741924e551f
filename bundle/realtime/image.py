"""One architecture of a finished binary, as the walk needs it: bytes, functions, pointers, names of what is outside."""

import bisect
import hashlib
from collections import Counter
from pathlib import Path

import lief

from tympan._errors import UsageError
from tympan.bundle.realtime import arm, machine, x86

MACHINES = {"x86_64": x86.MACHINE, "arm64": arm.MACHINE}


class Region:
    """A stretch of memory that the file gives."""

    def __init__(self, start, data, size, executable, constant):
        self.start, self.data, self.end = start, data, start + size
        self.executable, self.constant = executable, constant


class Function:
    """A function's place, and its name in the symbol table or ""."""

    __slots__ = ("end", "name", "start")

    def __init__(self, start, end, name):
        self.start, self.end, self.name = start, end, name


class Image:
    """What is known of a binary.

    ``imports``: address of a pointer that the loader fills -> name of the
    function it will point at. ``pointers``: address of a pointer -> address
    inside this binary. ``symbols``: (address, size, name), functions and data.
    ``islands``: (from, to) of data between the instructions.
    """

    def __init__(self, system, kind, regions, imports, pointers, symbols, starts, islands=()):
        self.system, self.machine, self.stubs = system, MACHINES[kind], {}
        self.islands = sorted(islands)
        self.regions = sorted(regions, key=lambda region: region.start)
        self.imports, self.pointers = imports, pointers
        self.firsts = [region.start for region in self.regions]
        self.starts = sorted({*starts, *(place for place, _, _ in symbols)})
        self.name_symbols(symbols)

    def name_symbols(self, symbols):
        """Take names and sizes from a symbol table, this binary's or one saved before it was stripped."""
        self.symbols = sorted(symbols)
        self.places = [place for place, _, _ in self.symbols]
        self.functions = {}
        self.data = {}
        for place, size, name in self.symbols:
            known = self.functions if self.is_code(place) else self.data
            if place not in known or size > known[place][0]:
                known[place] = (size, name)
        known = [(name, place) for place, (_, name) in [*self.data.items(), *self.functions.items()]]
        self.named = dict(known)
        self.ambiguous = {name for name, count in Counter(name for name, _ in known).items() if count > 1}

    @property
    def stripped(self):
        """Whether no local function has a name."""
        return not any(name for _, name in self.functions.values() if name.startswith("__pyx"))

    def region(self, address):
        """The ``Region`` that holds ``address``, or None."""
        index = bisect.bisect_right(self.firsts, address) - 1
        if index < 0 or address >= self.regions[index].end:
            return None
        return self.regions[index]

    def is_code(self, address):
        """Whether ``address`` is in executable memory."""
        found = self.region(address)
        return found is not None and found.executable

    def is_constant(self, address):
        """Whether memory at ``address`` stays as the loader leaves it."""
        found = self.region(address)
        return found is not None and found.constant

    def read(self, address, size):
        """Bytes of the file, fewer where it ends."""
        found = self.region(address)
        if found is None:
            return b""
        offset = address - found.start
        return found.data[offset : offset + size]

    def constant(self, address, size):
        """The number at an address that nothing changes, or None. A pointer counts once the loader has been there."""
        if not self.is_constant(address) or address in self.imports:
            return None
        if address in self.pointers:
            return self.pointers[address]
        data = self.read(address, size)
        return int.from_bytes(data, "little", signed=True) if len(data) == size and size <= 8 else None

    def function(self, address):
        """The ``Function`` that ``address`` is in, or None outside of code."""
        region = self.region(address)
        if region is None or not region.executable:
            return None
        index = bisect.bisect_right(self.starts, address) - 1
        start = max(self.starts[index], region.start) if index >= 0 else region.start
        size, name = self.functions.get(start, (0, ""))
        following = self.starts[index + 1] if index + 1 < len(self.starts) else region.end
        end = start + size if size and address < start + size else min(following, region.end)
        return Function(start, end, name)

    def stub(self, address):
        """The import that a stub at ``address`` jumps to, or ""."""
        if address not in self.stubs:
            self.stubs[address] = machine.stub(self.machine, self, address)
        return self.stubs[address]

    def pieces(self, start, end):
        """(from, to) of the instructions in a range: what the islands leave."""
        for low, high in self.islands:
            if start < high and low < end:
                if start < low:
                    yield start, low
                start = high
        if start < end:
            yield start, end

    def data_name(self, address):
        """(name, offset) of the variable at ``address``, or ("", 0)."""
        index = bisect.bisect_right(self.places, address) - 1
        if index >= 0:
            place, size, name = self.symbols[index]
            if address < place + max(size, 1):
                return name, address - place
        return "", 0

    def text(self, address):
        """A C string in constant memory, or ""."""
        data = self.read(address, 200)
        return data.partition(b"\0")[0].decode("ascii", "replace") if b"\0" in data else ""

    def code_key(self):
        """The same for a binary and its stripped copy: a digest of the machine code and where it lies."""
        digest = hashlib.sha256(self.machine.name.encode())
        for region in self.regions:
            if region.executable:
                digest.update(region.start.to_bytes(8, "little") + bytes(region.data))
        return digest.hexdigest()[:20]


def read(path):
    """The ``Image`` of every architecture in the file."""
    from tympan.bundle.realtime import image_elf, image_macho

    lief.logging.disable()
    path = str(Path(path))
    if lief.is_elf(path):
        return [image_elf.read(path)]
    if lief.is_macho(path):
        universal = lief.MachO.parse(path)  # its slices die with it
        return [image_macho.read(macho) for macho in universal or ()]
    raise UsageError(f"{path} is neither an ELF nor a Mach-O file")
