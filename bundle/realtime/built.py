"""What the check reads of a driver's build: generated C, objects with line numbers, and a binary with its names.

All of it is in the bundler's cache.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tympan.bundle import cache, compile, recipe, toolchain
from tympan.bundle.realtime import ctext, dwarf, facts, objects
from tympan.bundle.target import NATIVE

#: Where C may be written out.
SOURCES = (".pyx", ".pxd", ".pxi")


class Unit:
    """One Cython file: its name, its generated C, its object, and the files of its folder that it may be made of."""

    def __init__(self, label, c_path, object_path, folder):
        self.label, self.c_path, self.object_path = label, c_path, object_path
        self.sources = [path for path in sorted(folder.glob("*.p*")) if path.suffix in SOURCES]


def driver_unit(source, machine=NATIVE):
    """The ``Unit`` of a driver's ``Source``."""
    unit = Unit(source.label, compile.driver_c(source), compile.driver_object(source, machine), source.path.parent)
    unit.sources = [path for path in unit.sources if path.suffix != ".pyx" or path.name == source.path.name]
    return unit


def units_of(source, modules=None, machine=NATIVE):
    """The units that a bundle is linked from: the driver's first, then the core's, which are all that it needs."""
    modules = modules or [*recipe.CORE, *compile.driver_primitives(source)]
    with ThreadPoolExecutor(2) as pool:
        return [driver_unit(source, machine), *pool.map(lambda module: core_unit(module, machine), modules)]


def core_unit(module, machine=NATIVE):
    """The unit of one of them."""
    path = compile.core_source(module)
    return Unit(path.name, compile.core_c(module), compile.core_object(module, machine), path.parent)


def facts_of(unit):
    """The ``Facts`` of one unit, from the cache when they were made before."""
    name = f"realtime-facts-{cache.key(unit.object_path, unit.c_path, *unit.sources, *tool_files())}.json"
    return facts.from_json(cache.stored(name, lambda output: write_facts(unit, output)).read_text(encoding="utf-8"))


def tool_files():
    """The files that decide what facts look like."""
    return [Path(module.__file__) for module in (ctext, dwarf, facts, objects)]


def write_facts(unit, output):
    """Read the object's line table."""
    found = objects.lines(unit.object_path)
    output.write_text(facts.of_object(found, unit.c_path, unit.sources).as_json(), encoding="utf-8")


def joined(units):
    """The facts of several units; the first one's count where names are the same."""
    found = facts.Facts()
    for item in units:
        found.merge(facts_of(item))
    return found


def linked(units):
    """The units' objects as one binary with all its names, no line numbers and no interpreter: quick to link, small."""
    kind = ["-bundle", "-undefined", "dynamic_lookup"] if toolchain.MACOS else ["-shared", "-Wl,-S,-Bsymbolic,-z,now"]
    parts = [item.object_path for item in units]
    name = f"realtime-{cache.key(*parts)}.so"
    return cache.stored(
        name,
        lambda output: toolchain.run_checked(
            [*toolchain.compiler(), *kind, *parts, "-o", output], "linking the driver for the realtime check"
        ),
    )
