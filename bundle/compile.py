"""From Cython to machine code: the objects that extension modules and bundles are both linked from."""

import importlib.util
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import Cython

from tympan._errors import BuildError
from tympan.bundle import cache, diagnose, primitives, project, recipe, toolchain
from tympan.bundle.target import NATIVE

#: The installed ``tympan`` package; its parent is the include path for ``cimport``.
PACKAGE = Path(sys.modules["tympan"].__file__).parent
HERE = Path(__file__).parent

#: What a driver may keep beside its .pyx and reach by ``cimport``, ``include`` or ``#include``.
NEIGHBOURS = (".pxd", ".pxi", ".h", ".hpp")


def cythonize(source, module, root, output, *includes):
    """Write the C of ``source`` to ``output``; ``root`` is the folder its name in tracebacks is relative to."""
    directives = [f"{name}={value}" for name, value in recipe.directives().items()]
    flags = [part for directive in directives for part in ("-X", directive)]
    command = [sys.executable, "-P", "-m", "cython", "-3", *flags]
    command += [part for folder in (*includes, PACKAGE.parent, root) for part in ("-I", str(folder))]
    command += ["--module-name", module, "-o", str(output), str(source.relative_to(root))]
    done = toolchain.run(command, cwd=root, env=toolchain.python_environment())
    if done.returncode:
        raise diagnose.cython_error(done.stderr, source)


def c_flags(*folders, machine=NATIVE):
    """Compiler flags, with ``folders`` on the include path after Python's and ours."""
    includes = [*machine.includes(), PACKAGE, HERE, *folders]
    flags = [flag for flag in recipe.CFLAGS if flag not in recipe.NOT_CROSSED] if machine.is_crossed else recipe.CFLAGS
    own = ["-DTYMPAN_OWN_DECLARATIONS"] if machine.is_crossed else []
    return [*flags, *own, "-DNDEBUG", "-w", *(f"-I{path}" for path in dict.fromkeys(map(str, includes)))]


def compile_c(source, output, *flags, folders=(), machine=NATIVE):
    """Compile one C file."""
    command = [*machine.compiler(), *c_flags(*folders, machine=machine), *flags, "-c", str(source), "-o", str(output)]
    toolchain.run_checked(command, f"compiling {source.name}")


def tools_key(machine=NATIVE):
    """Changes with the compiler, Cython, Python and the recipe."""
    compiler, version = machine.compiler(), machine.compiler_version()
    toolchain.require_headers()
    flags = c_flags(machine=machine)
    files = (HERE / "recipe.py", Path(__file__))
    return cache.key(str(compiler), version, Cython.__version__, sys.version, *flags, *files)


def sources_key():
    """Changes with Cython and every source of the framework: what generated C depends on, whatever compiles it."""
    sources = [path for pattern in ("*.pyx", "*.pxd", "*.h") for path in sorted(PACKAGE.glob(pattern))]
    names = (path.name for path in sources)
    return cache.key(Cython.__version__, sys.version, HERE / "recipe.py", Path(__file__), *names, *sources)


def core_key(machine=NATIVE):
    """Changes with the tools and with every source of the framework."""
    return cache.key(tools_key(machine), sources_key())


def cython_object(source, module, root, output, folders=()):
    """Cython and C compiler in one step."""
    generated = output.with_name(f"{source.stem}.c")
    cythonize(source, module, root, generated)
    compile_c(generated, output, folders=folders)


def generated(source, module, root, key, *includes):
    """The cached C that Cython makes of ``source``: line tables of objects name it, so it stays."""
    name = f"{module}-{key}/{source.stem}.c"
    return cache.stored(name, lambda output: cythonize(source, module, root, output, *includes))


def core_source(module):
    """The .pyx of one core module."""
    return PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".pyx")


def core_object(module, machine=NATIVE):
    """The object of one core module."""
    name = f"{module}-{core_key(machine)}.o"
    return cache.stored(name, lambda output: compile_c(core_c(module), output, machine=machine))


def core_c(module):
    """The generated C of one core module."""
    return generated(core_source(module), module, PACKAGE.parent, sources_key())


def core_objects(modules=recipe.CORE, machine=NATIVE):
    """The objects of the core, in the order of ``recipe.CORE``, or of these modules."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda module: core_object(module, machine), modules))


def neighbours(source):
    """What a driver may keep beside its .pyx, one folder deep."""
    folder = source.path.parent
    return [path for pattern in ("*", "*/*") for path in sorted(folder.glob(pattern)) if path.suffix in NEIGHBOURS]


def driver_key(source):
    """Changes with everything that the driver's C is made of."""
    near = neighbours(source)
    return cache.key(sources_key(), source.module, source.path, *(path.name for path in near), *near)


def driver_primitives(source):
    """The modules of the realtime primitives that a driver names."""
    return primitives.named(*primitives.read([source.path, *neighbours(source)]))


def driver_object(source, machine=NATIVE):
    """The object of a driver, the same one for its extension module and its bundle."""
    folder = source.path.parent.absolute()
    return cache.stored(
        f"driver-{source.module}-{cache.key(driver_key(source), tools_key(machine))}.o",
        lambda output: compile_c(driver_c(source), output, folders=[folder], machine=machine),
    )


def driver_objects(source, machines):
    """Its objects for several machines, compiled at the same time from the same C."""
    driver_c(source)
    with ThreadPoolExecutor(len(machines)) as pool:
        return list(pool.map(lambda machine: driver_object(source, machine), machines))


def driver_c(source):
    """The generated C of a driver."""
    folder = source.path.parent.absolute()
    facade = primitives.facade(PACKAGE, driver_primitives(source))
    return generated(folder / source.path.name, source.module, folder, driver_key(source), facade)


def c_object(source, *flags, machine=NATIVE):
    """The object of one of our own C files, such as entry.c."""
    key = cache.key(core_key(machine), source, HERE / "table.h", *flags)
    return cache.stored(f"{source.stem}-{key}.o", lambda output: compile_c(source, output, *flags, machine=machine))


def extension(source):
    """The importable extension module made of the driver's object."""
    built = driver_object(source)
    shared = ["-bundle", "-undefined", "dynamic_lookup"] if toolchain.MACOS else ["-shared"]
    name = f"{built.stem}/{source.module}{sysconfig.get_config_var('EXT_SUFFIX')}"
    return cache.stored(
        name,
        lambda output: toolchain.run_checked(
            [*toolchain.compiler(), *shared, built, "-o", output], f"linking {output.name}"
        ),
    )


def build_extension(path):
    """Compile the driver at ``path`` (a .pyx, folder or project) and return its extension module's file."""
    return extension(project.find(path).inspect())


def import_driver(path):
    """Compile the driver at ``path``, import it under its own name and return its class."""
    source = project.find(path).inspect()
    file = extension(source)
    known = sys.modules.get(source.module)
    if known is None or getattr(known, "__file__", None) != str(file):
        known = load(source.module, file)
    try:
        return getattr(known, source.class_name)
    except AttributeError:
        raise BuildError(f"{source.label}: there is no class {source.class_name} in the compiled module") from None


def load(module, file):
    """Import the extension module ``file`` as ``module``."""
    spec = importlib.util.spec_from_file_location(module, file)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded
    try:
        spec.loader.exec_module(loaded)
    except BaseException:
        del sys.modules[module]
        raise
    return loaded
