"""What the check reads of a driver's build: generated C, objects with line numbers, and a binary with its names.

All of it is in the bundler's cache.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tympan.bundle import cache, compile, recipe, toolchain
from tympan.bundle.realtime import facts, objects


class Unit:
    """One Cython file: its name, its generated C, and its object."""

    def __init__(self, label, c_path, object_path):
        self.label, self.c_path, self.object_path = label, c_path, object_path


def driver_unit(source):
    """The ``Unit`` of a driver's ``Source``."""
    return Unit(source.label, compile.driver_c(source), compile.driver_object(source))


def core_units():
    """The units of the core's modules."""
    key = compile.core_key()
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda module: core_unit(module, key), recipe.CORE))


def core_unit(module, key):
    """The unit of one of them."""
    return Unit(compile.core_source(module).name, compile.core_c(module, key), compile.core_object(module, key))


def facts_of(unit):
    """The ``Facts`` of one unit, from the cache when they were made before."""
    name = f"realtime-facts-{cache.key(unit.object_path, unit.c_path, *tool_files())}.json"
    return facts.from_json(cache.stored(name, lambda output: write_facts(unit, output)).read_text(encoding="utf-8"))


def tool_files():
    """The files that decide what facts look like."""
    return [Path(module.__file__) for module in (facts, objects)]


def write_facts(unit, output):
    """Read the object's line table."""
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
