"""Tables of functions in a binary: the host's interface, and the methods of Cython classes.

Cython fills both when a module is imported, so the addresses stand in the code
of the module's exec function; a driver in C has them in its data.
"""

import re

from tympan.bundle.realtime import values
from tympan.bundle.realtime.body import Body
from tympan.bundle.realtime.flow import Flow
from tympan.bundle.realtime.modules import initialisers, is_function

SLOT = 8
#: The 23-slot table: one reserved, then 22 functions; these are the ones of IO threads.
FUNCTIONS = 22
ENTRIES = {
    18: "GetZeroTimeStamp",
    19: "WillDoIOOperation",
    20: "BeginIOOperation",
    21: "DoIOOperation",
    22: "EndIOOperation",
}

VTABLE, VTABPTR = "__pyx_vtable_", "__pyx_vtabptr_"

#: The tables of an author's classes: every module has its own ``__pyx_vtable_memoryview``.
NAMED = re.compile(VTABLE + r"\d")

#: Bytes of code that a function which makes a class ready has at least.
SMALL = 64
#: No class has more methods than this.
MOST_SLOTS = 64


class Tables:
    """Function pointers in static memory.

    ``filled``: address -> function, as initialisers write them; ``interface``:
    the address of the host's table; ``classes``: name -> {offset: function}, a
    function None where it was not understood. Without names, ``starts`` are the
    addresses of tables. ``lost``: an initialiser in which no table was found.
    """

    def __init__(self, image, bases=None):
        self.image, self.bases = image, bases or {}
        self.filled, self.inherited, self.unclear, self.owners = {}, {}, set(), {}
        self.lost = False
        for start in initialisers(image):
            self.read_module(start)
        self.static = {place: to for place, to in image.pointers.items() if is_function(image, to)}
        self.interface = find_interface(self.filled) or find_interface(self.static, set(image.pointers.values()))
        self.starts = sorted({to for to in self.owners.values() if to in self.filled or to in self.inherited})
        self.classes = self.read_classes()

    # ---- what initialisers write ----

    def read_module(self, start):
        """Read one initialiser; without names also what it calls, because compilers differ in what they inline."""
        known = len(self.owners)
        flow = self.read_stores(start)
        if self.image.stripped and not self.has_tables(known):
            for target in sorted({call.target[1] for call in flow.calls if values.is_const(call.target)}):
                if is_function(self.image, target) and self.size(target) >= SMALL:
                    self.read_stores(target)
        self.lost = self.image.stripped and not self.has_tables(known)  # the last one is the driver's

    def has_tables(self, known):
        """Whether a table's address was stored since there were ``known`` of them."""
        return any(to in self.filled or to in self.inherited for to in list(self.owners.values())[known:])

    def size(self, start):
        """Bytes of code of a function."""
        function = self.image.function(start)
        return function.end - function.start

    def read_stores(self, start):
        """What one function writes into static memory."""
        flow = Flow(Body(self.image, start), once=True)
        for (base, place), value in flow.stores:
            if base is None:
                self.read_store(place, value)
        return flow

    def read_store(self, place, value):
        """A function, the address of a table, or a slot of another table."""
        if values.is_const(value) and is_function(self.image, value[1]):
            self.filled[place] = value[1]
        elif values.is_const(value):
            self.owners[place] = value[1]
        elif copied(value):
            self.inherited[place] = copied(value)
        else:
            self.unclear.add(place)

    # ---- classes ----

    def read_classes(self):
        """The tables that have a name."""
        places = {name: place for place, (_, name) in self.image.data.items() if NAMED.match(name)}
        found = {}
        for name, place in places.items():
            size = self.image.data[place][0] or self.extent(place)
            found[name.removeprefix(VTABLE)] = {at: self.slot(place + at) for at in range(0, size, SLOT)}
        for name, table in found.items():
            self.take_over(found, name, table)
        return found

    def take_over(self, found, name, table):
        """Slots that nothing was seen to fill came with the whole table of the base class."""
        base = found.get(self.bases.get(name))
        place = self.image.named[VTABLE + name]
        for at, function in table.items():
            if function is None and base and place + at not in self.unclear:
                table[at] = base.get(at)

    def extent(self, place):
        """The size of a table whose size the file does not keep: up to the next symbol."""
        index = self.image.places.index(place)
        after = self.image.places[index + 1] if index + 1 < len(self.image.places) else place + SLOT
        return min(after - place, MOST_SLOTS * SLOT)

    def slot(self, address):
        """The function in a slot, its own or the base class's."""
        if address in self.filled:
            return self.filled[address]
        pointer, offset = self.inherited.get(address, (None, 0))
        table = self.table_behind(pointer)
        return self.slot(table + offset) if table is not None and table + offset != address else None

    def table_behind(self, pointer):
        """The table that a variable points at: one of this module, or of the module that its name tells."""
        if pointer in self.owners:
            return self.owners[pointer]
        name = self.image.data.get(pointer, (0, ""))[1]
        return self.image.named.get(VTABLE + name.removeprefix(VTABPTR)) if name.startswith(VTABPTR) else None

    def methods(self, offset, class_name=None):
        """The functions at ``offset`` of a class and its subclasses, or of all classes; none when one is not known."""
        if not self.classes:
            return self.anonymous(offset)
        wanted = [table for name, table in self.classes.items() if class_name is None or self.derives(name, class_name)]
        found = {table[offset] for table in wanted if offset in table}
        return set() if None in found else found

    def anonymous(self, offset):
        """The same without names. A slot that is copied from another module's table is one of those seen there."""
        found = set()
        for start, end in zip(self.starts, [*self.starts[1:], None], strict=True):
            if end is None or start + offset < end:
                found.add(self.slot(start + offset))
        return found - {None}

    def derives(self, name, ancestor):
        """Whether a class is, or derives from, ``ancestor``."""
        while name is not None and name != ancestor:
            name = self.bases.get(name)
        return name == ancestor

    def is_method(self, address):
        """Whether a function is in a class's table, so that its first argument is an object with one."""
        tables = self.classes.values() if self.classes else [self.filled]
        return any(address in table.values() for table in tables)

    def entries(self):
        """(name, function) of the interface's realtime entries, as far as it was found."""
        if self.interface is None:
            return []
        pointers = {**self.static, **self.filled}
        return [(name, pointers[self.interface + SLOT * slot]) for slot, name in ENTRIES.items()]


def copied(value):
    """(address of a pointer to a table, offset) when ``value`` was copied from another table."""
    base = value[0]
    if values.kind(value) != "mem" or value[1]:
        return None
    inner = base[1]
    if isinstance(inner, tuple) and inner[0] == "mem" and inner[1] is None:
        return inner[2], base[2]
    return None


def find_interface(pointers, referred=None):
    """The address of the table: a slot without a function before 22 with one.

    When more follow, which may be another table's, it counts if something
    refers to it (``referred``), or if nothing can be asked.
    """
    longer = None
    for place in pointers:
        if place - SLOT in pointers:
            continue
        length = 1
        while place + length * SLOT in pointers:
            length += 1
        if length == FUNCTIONS:
            return place - SLOT
        if length > FUNCTIONS and (referred is None or place - SLOT in referred):
            longer = place - SLOT
    return longer
