"""A field for a realtime primitive or a Control that nothing fills: it would be None, and IO code cannot say so."""

from Cython.Compiler import ExprNodes, Nodes

from tympan._errors import BuildError
from tympan.bundle.primitives import MODULE_OF
from tympan.bundle.source import Names, parse, statements, walk

#: The classes whose fields are looked at: the primitives, and what ``Driver.control`` answers.
CLASSES = frozenset({*MODULE_OF, "Control"})


def check(path):
    """Refuse a private field of a primitive's class to which no line of the driver's file assigns."""
    tree = parse(path)
    names = Names(tree, path.name)
    assigned = {target.attribute for node in walk(tree) for target in targets(node)}
    for owner in names.classes:
        for field, class_name, line in fields(owner, names):
            if field not in assigned:
                value = "self.control(...)" if class_name == "Control" else f"{class_name}(...)"
                raise BuildError(
                    f"{path.name}:{line}: nothing creates the {class_name} {field} of {owner.class_name}",
                    f"Write `self.{field} = {value}` in initialize or start_io; until then it is None.",
                )


def fields(owner, names):
    """(name, class, line) of each field of a class that holds a primitive and that only this file can set."""
    for node in statements(owner.body):
        if isinstance(node, Nodes.CVarDefNode) and node.visibility == "private":
            class_name = primitive(node.base_type, names)
            for declarator in node.declarators if class_name else ():
                yield declarator.name, class_name, declarator.pos[1]


def primitive(node, names):
    """The primitive that a type names, or None."""
    module, name = getattr(node, "module_path", None), getattr(node, "name", None)
    if not isinstance(name, str):
        return None
    full = names.original(".".join([*(module or ()), name]))
    last = full.rpartition(".")[2]
    return last if full == f"tympan.{last}" and last in CLASSES else None


def targets(node):
    """The attributes to which a statement assigns, of whatever object."""
    if isinstance(node, Nodes.SingleAssignmentNode):
        yield from attributes(node.lhs)
    elif isinstance(node, Nodes.CascadedAssignmentNode):
        for part in node.lhs_list:
            yield from attributes(part)


def attributes(node):
    """The attributes in an assignment's left side."""
    if isinstance(node, ExprNodes.AttributeNode):
        yield node
    for part in getattr(node, "args", None) or ():
        yield from attributes(part)
