"""The whole way from a .pyx to a ``.driver``, one step after the other."""

import functools
import multiprocessing
import os
from pathlib import Path

from tympan._errors import BuildError
from tympan.bundle import compile, declaration, imports, layout, link, macho, plist, project, runtime, vendor
from tympan.bundle import target as targets
from tympan.bundle.config import BundleConfig
from tympan.bundle.macos import sign
from tympan.bundle.realtime import built, release
from tympan.bundle.verify import verify_bundle


def configure(path, progress=None):
    """(``Source``, ``BundleConfig``) of the driver at ``path``; compiles it to read its declaration."""
    return configured(project.find(path), progress or (lambda text: None))


def configured(found, say, machines=()):
    """The same for a ``Project``; compiles it for ``machines``, too, because that can be done at the same time."""
    say(f"Reading {found.path.name}")
    source = found.inspect()
    say(f"Compiling {source.label}")
    compile.driver_objects(source, list(dict.fromkeys([targets.NATIVE, *machines])))
    say(f"Reading the declaration of {source.class_name}")
    return source, BundleConfig.of(source, declaration.read(source), found.settings)


def build_bundle(
    path, output="dist", runtime="auto", progress=None, allow=None, *, target="native", identity=None,
    p12_password_file=None,
):  # fmt: skip
    """Build the driver at ``path`` into ``output/NAME.driver`` and return the bundle's path.

    ``path`` is a .pyx, a folder that holds one, or a project with
    ``[tool.tympan]`` in its pyproject.toml. ``runtime`` is "static",
    "vendored" or "auto". ``progress`` is called with one line per step, and
    with a line that starts with "warning: " for what the user should know.
    ``allow``: {name: reason} of what the realtime check shall let pass, in
    addition to the project's ``[tool.tympan.realtime]``. ``target``: "native",
    or "macos-arm64", "macos-x86_64", "macos-universal2", on any system.
    ``identity``: "-" signs ad hoc, which a Mac does by itself; otherwise a
    Developer ID Application, or, with rcodesign and ``p12_password_file``, a .p12 file.
    Raises a TympanError, and then leaves an older bundle as it was.
    """
    say = progress or (lambda text: None)
    if identity:
        sign.require(sign.System(say=say), path, identity)
    chosen = pick(runtime, target)
    found = project.find(path)
    source, config = configured(found, say, [machine for machine, _ in chosen])
    goal = Path(output) / f"{config.executable}.driver"
    layout.check_target(goal)
    allow = {**found.allow, **(allow or {})}
    parts = [prepared(config, source, machine, runtime, say) for machine, runtime in chosen]
    with layout.scratch(Path(output), config.executable) as bundle:
        fill(bundle, config, parts, allow, say)
        sign.built(bundle, identity, p12_password_file, say)
        say(f"Verifying {goal.name}")
        check(bundle, config, [part.machine.architecture for part in parts if part.machine.architecture])
        layout.move(bundle, goal)
    for clash in layout.clashes(Path(output), config):
        say(f"warning: {clash}")
    return goal


def pick(kind, target="native"):
    """[(machine, runtime)] of a target; before anything is compiled, because no driver can change it."""
    machines = targets.machines(target)
    for machine in machines:
        machine.require()
    return [(machine, runtime.choose(kind, machine)) for machine in machines]


class Part:
    """What one machine's binary is linked from."""

    def __init__(self, machine, runtime, modules, objects, units):
        self.machine, self.runtime, self.modules = machine, runtime, modules
        self.objects, self.units = objects, units


def prepared(config, source, machine, runtime, say):
    """Follow the imports and compile: nothing is written yet where the bundle goes."""
    say(f"Following the imports of {source.label}")
    modules = imports.collect(source, runtime)
    say(f"Compiling the core{place(machine)}")
    objects = link.objects(source, modules, runtime, config.factory_name, machine)
    return Part(machine, runtime, modules, objects, built.units_of(source, modules.core, machine))


def place(machine):
    """For messages: which processor, when it is not this machine's."""
    return f" for {machine}" if machine.architecture else ""


def fill(bundle, config, parts, allow, say):
    """Write Info.plist, the binary, and the copied runtime if there is one."""
    contents = bundle / "Contents"
    (contents / "Info.plist").write_bytes(plist.generate(config))
    layout.add_icon(contents, config)
    layout.add_resources(contents, config)
    executable = contents / "MacOS" / config.executable
    files = slices(contents, config, parts, allow, say)
    if len(files) == 1:
        os.rename(files[0], executable)
        return
    say("Joining the processors")
    macho.join([(part.machine.architecture, path) for part, path in zip(parts, files, strict=True)], executable)
    for path in files:
        path.unlink()


def slices(contents, config, parts, allow, say):
    """The file of each machine; those made by crossing in processes of their own, because most of it is Python."""
    make = functools.partial(slice_of, contents, config, objects=[item for part in parts for item in part.objects])
    if len(parts) == 1 or not all(part.machine.is_crossed for part in parts):
        return [make(part, allow=allow, say=say) for part in parts]
    for part in parts:
        say(f"Linking and checking with the {part.runtime}{place(part.machine)}")
    with multiprocessing.get_context("fork").Pool(len(parts)) as pool:
        made = pool.map(functools.partial(heard, make, allow), parts)
    for line in [line for _, lines in made for line in lines if line.startswith("warning: ")]:
        say(line)
    return [path for path, _ in made]


def heard(make, allow, part):
    """(file of one machine, what was said): a process cannot say it to the user itself."""
    lines = []
    return make(part, allow=allow, say=lines.append), lines


def slice_of(contents, config, part, *, objects, allow, say):
    """The file of one machine: linked, found to be realtime-safe, stripped. ``objects`` are those of all machines."""
    say(f"Linking with the {part.runtime}{place(part.machine)}")
    output = linked(contents, config, part, objects)
    say(f"Checking that IO code is realtime-safe{place(part.machine)}")
    stripping = functools.partial(linked_again, part, config.factory_name) if part.machine.is_crossed else None
    release(output, part.units, f"{config.executable}.driver", allow, say, stripping)
    return output


def linked(contents, config, part, objects):
    """The file of one machine, with its names and lines."""
    output = contents / "MacOS" / f"{config.executable}.{part.machine.name}"
    if part.runtime.kind == "static":
        link.static(part.objects, part.runtime, config.factory_name, output, part.machine)
    else:
        library = vendor.copy(part.runtime, part.modules, contents, objects)
        link.vendored(part.objects, library, config.factory_name, output, part.machine)
    return output


def linked_again(part, factory, path):
    """In place of stripping, which would break the linker's signature."""
    path.unlink()
    macho.link([*part.objects, part.runtime.library], factory, path, part.machine, names=False)


def check(bundle, config, architectures=None):
    """Read the bundle back; errors name it as the user knows it."""
    try:
        verify_bundle(bundle, architectures or None)
    except BuildError as error:
        raise BuildError(str(error).replace(str(bundle), f"{config.executable}.driver"), error.hint) from None
