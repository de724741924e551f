"""The whole way from a .pyx to a ``.driver``, one step after the other."""

from pathlib import Path

from tympan._errors import BuildError
from tympan.bundle import compile, declaration, imports, layout, link, plist, project, runtime, vendor
from tympan.bundle.config import BundleConfig
from tympan.bundle.macos import sign
from tympan.bundle.realtime import built, release
from tympan.bundle.verify import verify_bundle


def configure(path, progress=None):
    """(``Source``, ``BundleConfig``) of the driver at ``path``; compiles it to read its declaration."""
    return configured(project.find(path), progress or (lambda text: None))


def configured(found, say):
    """The same for a ``Project``."""
    say(f"Reading {found.path.name}")
    source = found.inspect()
    say(f"Compiling {source.label}")
    compile.driver_object(source)
    say(f"Reading the declaration of {source.class_name}")
    return source, BundleConfig.of(source, declaration.read(source), found.settings)


def build_bundle(
    path, output="dist", runtime="auto", progress=None, allow=None, *, identity=None, p12_password_file=None
):
    """Build the driver at ``path`` into ``output/NAME.driver`` and return the bundle's path.

    ``path`` is a .pyx, a folder that holds one, or a project with
    ``[tool.tympan]`` in its pyproject.toml. ``runtime`` is "static",
    "vendored" or "auto". ``progress`` is called with one line per step, and
    with a line that starts with "warning: " for what the user should know.
    ``allow``: {name: reason} of what the realtime check shall let pass, in
    addition to the project's ``[tool.tympan.realtime]``. ``identity``: "-" signs
    ad hoc, which a Mac does by itself; otherwise a Developer ID Application, or,
    with rcodesign and ``p12_password_file``, a .p12 file.
    Raises a TympanError, and then leaves an older bundle as it was.
    """
    say = progress or (lambda text: None)
    if identity:
        sign.require(sign.System(say=say), path, identity)
    chosen = pick(runtime)
    found = project.find(path)
    source, config = configured(found, say)
    target = Path(output) / f"{config.executable}.driver"
    layout.check_target(target)
    say(f"Following the imports of {source.label}")
    modules = imports.collect(source, chosen)
    say("Compiling the core")
    parts = link.objects(source, modules, chosen, config.factory_name)
    with layout.scratch(Path(output), config.executable) as bundle:
        say(f"Linking with the {chosen}")
        executable = fill(bundle, config, chosen, modules, parts)
        say("Checking that IO code is realtime-safe")
        units = built.units_of(source, modules.core)
        release(executable, units, target.name, {**found.allow, **(allow or {})}, say)
        sign.built(bundle, identity, p12_password_file, say)
        say(f"Verifying {target.name}")
        check(bundle, config)
        layout.move(bundle, target)
    for clash in layout.clashes(Path(output), config):
        say(f"warning: {clash}")
    return target


def pick(kind):
    """The runtime; before anything is compiled, because no driver can change it."""
    return runtime.choose(kind)


def fill(bundle, config, chosen, modules, parts):
    """Write Info.plist, the binary, and the copied runtime if there is one; answer the binary, with all its names."""
    contents = bundle / "Contents"
    (contents / "Info.plist").write_bytes(plist.generate(config))
    layout.add_icon(contents, config)
    executable = contents / "MacOS" / config.executable
    if chosen.kind == "static":
        link.static(parts, chosen, config.factory_name, executable)
    else:
        library = vendor.copy(chosen, modules, contents, parts)
        link.vendored(parts, library, config.factory_name, executable)
    return executable


def check(bundle, config):
    """Read the bundle back; errors name it as the user knows it."""
    try:
        verify_bundle(bundle)
    except BuildError as error:
        raise BuildError(str(error).replace(str(bundle), f"{config.executable}.driver"), error.hint) from None
