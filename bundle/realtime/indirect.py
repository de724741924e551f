"""Where a call through a pointer goes, when that can be shown.

Shown are: the loader's pointers (PLT, GOT), constant tables, methods of the
driver through the class tables, and the core's one call of process_io. All
others are reported as not followed.
"""

from tympan.bundle.realtime import names, values
from tympan.bundle.realtime.machine import Evaluator
from tympan.bundle.realtime.modules import is_function
from tympan.bundle.realtime.tables import SLOT, VTABPTR

#: Offset of the table pointer in an object that has C methods: after the reference count and the type.
VTAB = 16

PROCESS_IO = "process_io"


class Targets:
    """Functions inside (``addresses``) and outside (``externals``) that a call may reach, or why that is not known."""

    def __init__(self, addresses=(), externals=(), why=""):
        self.addresses, self.externals, self.why = sorted(addresses), sorted(externals), why


class Resolver:
    """Finds the targets of the calls in one image."""

    def __init__(self, image, tables, facts):
        self.image, self.tables, self.facts = image, tables, facts
        self.evaluator = Evaluator(image.machine, image)
        self.core = {address for _, address in tables.entries()}  # the entries, and what they call by address

    def targets(self, node, call, target):
        """The ``Targets`` of one call."""
        if values.is_const(target):
            return self.direct(target[1])
        found, kind = None, values.kind(target)
        if kind == "mem" and target[1] == 0:
            found = self.through_memory(node.body, call, target[0])
        elif kind in ("table", "target"):
            found = self.from_table(target[0])
        elif kind == "join" and target[1] == 0:
            found = self.one_of(node, call, node.flow.evaluator.joins.parts[target[0]])
        return found or self.by_text(call) or Targets(why="through a pointer that is in no class table")

    def one_of(self, node, call, parts):
        """Each of several pointers, when all of them can be followed."""
        if any(values.kind(part) == "join" for part in parts):
            return None
        found = [self.targets(node, call, part) for part in parts]
        if any(item.why for item in found):
            return None
        addresses = {place for item in found for place in item.addresses}
        return Targets(addresses, {name for item in found for name in item.externals})

    def direct(self, address):
        """A function of this binary, or the stub of one outside."""
        if address in self.image.imports:
            return Targets(externals=[self.image.imports[address]])
        if not self.image.is_code(address):
            return Targets(why=f"to {address:#x}, which is not code")
        return Targets([address])

    def through_memory(self, body, call, base):
        """A pointer loaded from a place that tells what it is."""
        _, inner, offset = base
        if inner is None:
            return self.fixed(offset)
        if isinstance(inner, tuple) and inner[0] == "mem":
            _, holder, at = inner
            if holder == ("arg", 0) and at == VTAB and self.is_method(body):
                return self.method(offset, class_of(body.name))
            if holder is None:
                return self.class_pointer(at, offset)
        return self.plan(body, call, inner, offset)

    def fixed(self, address):
        """A pointer at a fixed place: the loader's, or one that nothing changes."""
        if address in self.image.imports:
            return Targets(externals=[self.image.imports[address]])
        target = self.image.pointers.get(address)
        if target is not None and self.image.is_constant(address):
            return Targets([target])
        name, _ = self.image.data_name(address)
        return Targets(
            why=f"through the variable {names.shown(name)}, which can change"
            if name
            else "through a variable that can change"
        )

    def is_method(self, body):
        """Whether the first argument is the method's own object, unchanged by the compiler."""
        return self.tables.is_method(body.start) and not names.is_clone(body.name)

    def method(self, offset, class_name):
        """A virtual call: every override that a class and its subclasses have in that slot."""
        known = class_name if class_name in self.tables.classes else None
        found = self.tables.methods(offset, known)
        return Targets(found) if found else None

    def class_pointer(self, address, offset):
        """A call up, ``Base.method(self)``: through the variable that points at Base's table."""
        name = self.image.data.get(address, (0, ""))[1]
        if not name.startswith(VTABPTR):
            return None
        found = self.tables.classes.get(name.removeprefix(VTABPTR), {}).get(offset)
        return Targets([found]) if found else None

    def plan(self, body, call, inner, offset):
        """``io.process(io.driver, ...)``: pointer and object stand side by side, filled from the class table."""
        if body.start not in self.core:
            return None
        if call.arguments[0] != (("mem", inner, offset - SLOT), 0):
            return None
        return self.process_io()

    def process_io(self):
        """Every process_io: the first slot of the drivers' tables."""
        found = self.tables.methods(0)
        named = {place for place in found if names.shown(self.name(place)).endswith(PROCESS_IO)}
        return Targets(named or found) if found else None

    def name(self, address):
        """A function's name, or ""."""
        return self.image.functions.get(address, (0, ""))[1]

    def from_table(self, base):
        """A call through a constant table of functions."""
        place, found = base[1], []
        while is_function(self.image, self.image.pointers.get(place, 0)):
            found.append(self.image.pointers[place])
            place += SLOT
        return Targets(found) if found else None

    def by_text(self, call):
        """A virtual call that the generated C names at this instruction's line."""
        found = set()
        for class_name, offset in self.facts.virtual(call.address):
            if (class_name, offset) == PLAN:
                return self.process_io()
            if values.kind(call.target) != "mem" or call.target[0][2] == offset:
                found |= self.slot(offset, class_name)
        return Targets(found) if found else None

    def slot(self, offset, class_name):
        """The functions that a class and its subclasses have in a slot; only its own after ``=``."""
        if not class_name.startswith("="):
            return self.tables.methods(offset, class_name)
        return {self.tables.classes.get(class_name[1:], {}).get(offset)} - {None}


#: What facts say of the line ``io.process(io.driver, ...)``.
PLAN = ("IoPlan", 0)


def class_of(name):
    """``4gain_Gain`` for ``__pyx_f_4gain_4Gain_process_io``: how Cython writes a class in its tables' names."""
    owners = names.parts(name)[:-1]
    return "_".join([*(f"{len(part)}{part}" for part in owners[:-1]), *owners[-1:]])
