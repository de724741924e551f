"""What the check reads of a driver's build: generated C, objects, line numbers, and a binary with its names.

All of it is in the bundler's cache. If objects are not compiled with line
numbers, they are compiled once more with them; that changes no instruction.
"""

from pathlib import Path

from tympan.bundle import cache, compile, recipe, toolchain
from tympan.bundle.realtime import facts, objects

#: Line numbers, and nothing else of the debugger's.
LINES = "-g1"


class Unit:
    """One Cython file: its name, its generated C, and its object."""

    def __init__(self, label, c_path, object_path):
        self.label, self.c_path, self.object_path = label, c_path, object_path


def driver_unit(source):
    """The ``Unit`` of a driver's ``Source``."""
    folder, key = source.path.parent.absolute(), compile.driver_key(source)
    c_path = generated(folder / source.path.name, source.module, folder, key)
    return Unit(source.label, c_path, with_lines(c_path, key, lambda: compile.driver_object(source), [folder]))


def core_units():
    """The units of the core's modules."""
    key = compile.core_key()
    return [core_unit(module, key) for module in recipe.CORE]


def core_unit(module, key):
    """The unit of one of them."""
    path = compile.core_source(module)
    c_path = generated(path, module, compile.PACKAGE.parent, key)
    return Unit(path.name, c_path, with_lines(c_path, key, lambda: compile.core_object(module, key)))


def generated(path, module, root, key):
    """The C that Cython makes of ``path``."""
    return cache.stored(f"{module}-{key}/{path.stem}.c", lambda output: compile.cythonize(path, module, root, output))


def with_lines(c_path, key, compiled, folders=()):
    """The object that bundles use, or one like it that has line numbers."""
    if LINES in recipe.CFLAGS:
        return compiled()
    name = f"lines-{c_path.stem}-{key}.o"
    return cache.stored(name, lambda output: compile.compile_c(c_path, output, LINES, folders=folders))


def facts_of(unit):
    """The ``Facts`` of one unit, from the cache when they were made before."""
    name = f"realtime-facts-{cache.key(unit.object_path, unit.c_path, *tool_files())}.json"
    return facts.from_json(cache.stored(name, lambda output: write_facts(unit, output)).read_text(encoding="utf-8"))


def tool_files():
    """The files that decide what facts look like."""
    return [Path(module.__file__) for module in (facts, objects)]


def write_facts(unit, output):
    """Read the line table, of the object or of one that is compiled for the purpose."""
    found = objects.lines(unit.object_path)
    output.write_text(facts.of_object(found, unit.c_path).as_json(), encoding="utf-8")


def joined(units):
    """The facts of several units; the first one's count where names are the same."""
    found = facts.Facts()
    for item in units:
        found.merge(facts_of(item))
    return found


def linked(units):
    """The units' objects as one binary with all its names and no interpreter, which is quick to link."""
    kind = ["-bundle", "-undefined", "dynamic_lookup"] if toolchain.MACOS else ["-shared", "-Wl,-Bsymbolic,-z,now"]
    parts = [item.object_path for item in units]
    name = f"realtime-{cache.key(*parts)}.so"
    return cache.stored(
        name,
        lambda output: toolchain.run_checked(
            [*toolchain.compiler(), *kind, *parts, "-o", output], "linking the driver for the realtime check"
        ),
    )
