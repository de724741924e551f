"""Read a driver's .pyx with Cython's own parser and find its class, before anything is compiled.

What Cython compiles without a word but no host would ever call is refused
here: a plain ``class``, a ``def process_io``, a misspelt method.
"""

import difflib
import re
import sys

from Cython.Compiler import Errors, ExprNodes, Nodes, TreeFragment

from tympan._errors import BuildError, UsageError
from tympan.bundle import diagnose, recipe

WHAT_A_DRIVER_IS = "A driver is `cdef class Gain(Driver):`, with `from tympan cimport Driver` above it."
CONTROL = (
    "device", "devices", "initialize", "start_io", "stop_io", "start_device", "stop_device", "control_changed",
    "identify",
)  # fmt: skip
IO_TYPES = ("RealtimeContext", "IoBuffer")


#: How much an import needs its module: not without it; only if it can be had (``except ImportError``);
#: only if it is a module at all (``b`` in ``from a import b``).
MUST, MAY, PERHAPS = "must", "may", "perhaps"


class Import:
    """One ``import`` of a module: its name, line, and how much it is needed."""

    def __init__(self, name, line, need):
        self.name, self.line, self.need = name, line, need


class Source:
    """A driver's file: module name, class name and imports."""

    def __init__(self, path, class_name, imports):
        self.path, self.class_name, self.imports = path, class_name, imports
        self.module = path.stem
        self.label = path.name


def inspect(path, class_name=None):
    """The ``Source`` of ``path``; ``class_name`` chooses between several drivers in the file."""
    check_stem(path)
    tree = parse(path)
    check_language(path.name, tree)
    names = Names(tree, path.name)
    node = choose(path.name, names, class_name)
    check_methods(path.name, names, node)
    return Source(path, node.class_name, list(imports(tree)))


def has_driver(path):
    """Whether a folder's .pyx has a driver in it; what is wrong with it is told when it is the chosen one."""
    try:
        return bool(Names(parse(path), path.name).drivers())
    except BuildError:
        return True


def check_stem(path):
    """The stem becomes a module name inside the bundle, where the core and the standard library live too."""
    stem = path.stem
    if not stem.isidentifier() or stem.startswith("_"):
        better = re.sub(r"\W", "_", stem).strip("_") or "gain"
        raise UsageError(f"{path.name}: {stem!r} cannot be a module name", f"Rename the file, to {better}.pyx say.")
    if stem in sys.stdlib_module_names or stem in {module.split(".")[0] for module in recipe.CORE}:
        raise UsageError(f"{path.name}: {stem!r} is the name of a module of Python or tympan", "Rename the file.")


def parse(path):
    """Cython's syntax tree of ``path``."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BuildError(f"{path.name}: not a UTF-8 text file") from None
    if "\0" in text:
        raise BuildError(f"{path.name}: not a text file")
    try:
        with Errors.local_errors(ignore=True):
            return TreeFragment.parse_from_strings(path.name, text)
    except Errors.CompileError as error:
        line = error.position[1] if error.position else 1
        sentence, hint = diagnose.translate(error.message_only)
        raise BuildError(f"{path.name}:{line}: {sentence}", hint) from None


def check_language(label, tree):
    """C++ is refused before the C compiler complains of headers that it does not know."""
    for node in walk(tree):
        module = str(getattr(node, "module_name", ""))
        if isinstance(node, Nodes.CImportStatNode | Nodes.FromCImportStatNode) and module.split(".")[0] == "libcpp":
            raise BuildError(
                f"{label}:{node.pos[1]}: {module} is C++, and a driver is compiled as C",
                "Use a C array in a field of the driver, allocated in start_io.",
            )


def walk(node):
    """Every node below ``node``, itself first."""
    yield node
    for name in node.child_attrs or ():
        child = getattr(node, name, None)
        for part in child if isinstance(child, list) else [child]:
            if isinstance(part, Nodes.Node):
                yield from walk(part)


def imports(node, need=MUST):
    """The ``Import`` of every module that the tree may import at run time; ``from a import b`` gives both."""
    if isinstance(node, ExprNodes.ImportNode):
        name = str(node.module_name.value)
        yield Import(name, node.pos[1], need)
        for item in node.imported_names or ():
            if item.value != "*":
                yield Import(f"{name}.{item.value}", node.pos[1], PERHAPS if need == MUST else need)
    guarded = isinstance(node, Nodes.TryExceptStatNode) and any(map(catches_import_error, node.except_clauses))
    for name in node.child_attrs or ():
        child = getattr(node, name, None)
        for part in child if isinstance(child, list) else [child]:
            if isinstance(part, Nodes.Node):
                yield from imports(part, MAY if guarded and name == "body" else need)


def catches_import_error(clause):
    """Whether an ``except`` clause lets a missing module pass."""
    patterns = clause.pattern or []
    caught = {getattr(part, "name", "") for pattern in patterns for part in walk(pattern)}
    return not patterns or bool(caught & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class Names:
    """What the names of one file stand for: classes, and what came by import or cimport."""

    def __init__(self, tree, label):
        self.label = label
        nodes = list(walk(tree))
        self.classes = [node for node in nodes if isinstance(node, Nodes.CClassDefNode)]
        self.plain = [node for node in nodes if isinstance(node, Nodes.PyClassDefNode)]
        self.cimported = dict(cimported(nodes))
        self.imported = dict(imported(nodes))

    def original(self, name):
        """``tympan.Driver`` for whatever ``name`` was cimported or imported as."""
        head, _, rest = name.partition(".")
        full = self.cimported.get(head) or self.imported.get(head, (head, 0))[0]
        return f"{full}.{rest}" if rest else full

    def derives(self, node):
        """Whether the class's bases lead to tympan's Driver."""
        for base in bases(node):
            if self.original(base) in ("tympan.Driver", "tympan._driver.Driver"):
                return True
            if any(other.class_name == base and self.derives(other) for other in self.classes if other is not node):
                return True
        return False

    def drivers(self):
        """The driver classes that no other driver of the file derives from."""
        found = [node for node in self.classes if self.derives(node) or self.looks_derived(node)]
        used = {base for node in found for base in bases(node)}
        return [node for node in found if node.class_name not in used]

    def looks_derived(self, node):
        """A class that derives from one of another file and has a driver's methods."""
        foreign = any(base.partition(".")[0] in self.cimported for base in bases(node))
        return foreign and bool({"process_io", "device"} & set(methods(node)))


def dotted(node):
    """The text of a name or attribute, such as ``tympan.Driver``."""
    if isinstance(node, ExprNodes.AttributeNode):
        return f"{dotted(node.obj)}.{node.attribute}"
    return getattr(node, "name", "")


def bases(node):
    """The base classes' names of a cdef or plain class."""
    tuple_node = node.bases
    return [dotted(arg) for arg in getattr(tuple_node, "args", None) or ()]


def cimported(nodes):
    """(local name, full name) of everything cimported."""
    for node in nodes:
        if isinstance(node, Nodes.FromCImportStatNode):
            for item in node.imported_names:
                _, name, alias = item[:3]
                yield alias or name, f"{node.module_name}.{name}"
        elif isinstance(node, Nodes.CImportStatNode):
            yield (node.as_name, node.module_name) if node.as_name else (node.module_name.partition(".")[0],) * 2


def imported(nodes):
    """(local name, (full name, line)) of everything that ``from ... import`` brings."""
    for node in nodes:
        if isinstance(node, Nodes.FromImportStatNode):
            for name, target in node.items:
                yield dotted(target), (f"{node.module.module_name.value}.{name}", node.pos[1])


def choose(label, names, wanted):
    """The class node of the one driver in the file."""
    drivers = names.drivers()
    for node in drivers:
        refuse_import(names, [base.partition(".")[0] for base in bases(node)])
    refuse_import(names, [name for name in names.imported if names.original(name).removeprefix("tympan.") in IO_TYPES])
    if wanted is not None:
        return named(label, [*names.classes], wanted)
    if len(drivers) == 1:
        return drivers[0]
    if len(drivers) > 1:
        listed = " and ".join(f"{node.class_name} (line {node.pos[1]})" for node in drivers)
        raise BuildError(
            f"{label}: more than one driver in the file: {listed}",
            'Move one to its own file, or choose in pyproject.toml: [tool.tympan] class = "..."',
        )
    refuse_plain(names)
    raise BuildError(f"{label}: no driver in this file", WHAT_A_DRIVER_IS)


def named(label, classes, wanted):
    """The class that ``[tool.tympan] class`` asks for."""
    for node in classes:
        if node.class_name == wanted:
            return node
    have = ", ".join(node.class_name for node in classes) or "none"
    raise UsageError(f"{label}: there is no cdef class {wanted}", f"The cdef classes of the file: {have}.")


def refuse_plain(names):
    """``class Gain(Driver)``: compiles, but C methods cannot be overridden in it."""
    for node in names.plain:
        if names.derives(node):
            raise BuildError(
                f"{names.label}:{node.pos[1]}: {node.name} is a plain `class`",
                f"Write `cdef class {node.name}(Driver):`; only a cdef class can have a process_io.",
            )


def refuse_import(names, needed):
    """``from tympan import Driver``: the compiler knows only what is cimported."""
    for name in needed:
        if name in names.imported and name not in names.cimported:
            line = names.imported[name][1]
            raise BuildError(
                f"{names.label}:{line}: {name} is imported where it must be cimported", f"Write {diagnose.CIMPORT}."
            )


def methods(node):
    """Every function of a class by name: DefNode or CFuncDefNode."""
    found = {}
    for part in statements(node.body):
        if isinstance(part, Nodes.DefNode):
            found[part.name] = part
        elif isinstance(part, Nodes.CFuncDefNode):
            found[c_name(part)] = part
    return found


def statements(node):
    """The statements of a class body, without those inside its functions."""
    if isinstance(node, Nodes.StatListNode):
        for part in node.stats:
            yield from statements(part)
    elif node is not None:
        yield node


def c_name(node):
    """The name in a C function's declarator."""
    declarator = node.declarator
    while not isinstance(declarator, Nodes.CNameDeclaratorNode):
        declarator = declarator.base
    return declarator.name


def check_methods(label, names, node):
    """Refuse what would never be called: a wrong kind of method, or a name one letter off."""
    found = methods(node)
    for name, method in found.items():
        place = f"{label}:{method.pos[1]}"
        if isinstance(method, Nodes.DefNode):
            check_control(place, name, method, found)
        else:
            check_io(place, name, method, found, names)


def check_control(place, name, method, found):
    """A ``def`` method: process_io must not be one, and the others must be spelt right."""
    if name == "process_io":
        raise BuildError(
            f"{place}: process_io is a `def`, so IO threads cannot call it", f"Write `{diagnose.PROCESS_IO}`."
        )
    if method.decorators or name.startswith("_"):
        return
    meant = close_to(name, [*CONTROL, "process_io"], found)
    if meant:
        raise BuildError(f"{place}: {meant} is misspelt as {name}", f"Rename it to {meant}: no host calls {name}.")


def check_io(place, name, method, found, names):
    """A ``cdef`` method: control methods must not be one, and process_io must be spelt right."""
    if name in CONTROL:
        raise BuildError(f"{place}: {name} is a `cdef` method", f"Write `def {name}(self):`; it runs with Python.")
    if name == "process_io" or "process_io" in found:
        return
    if close_to(name, ["process_io"], found) or takes_buffer(method, names):
        raise BuildError(
            f"{place}: process_io is misspelt as {name}", f"Rename it to process_io: no host calls {name}."
        )


def takes_buffer(method, names):
    """Whether a C method has an argument of one of the types that only process_io is given."""
    types = {getattr(part, "name", "") for part in walk(method.declarator)}
    return any(names.original(name).rpartition(".")[2] in IO_TYPES for name in types if name)


def close_to(name, known, found):
    """The known method that ``name`` is a misspelling of, unless that one is there as well."""
    if name in known:
        return None
    plain = {word.replace("_", ""): word for word in known if word not in found}
    close = difflib.get_close_matches(name.replace("_", "").lower(), plain, 1, 0.85)
    return plain[close[0]] if close else None
