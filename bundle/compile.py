"""From Cython to machine code: the objects that extension modules and bundles are both linked from."""

import importlib.util
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import Cython

from tympan._errors import BuildError
from tympan.bundle import cache, diagnose, primitives, project, recipe, toolchain

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


def c_flags(*folders):
    """Compiler flags, with ``folders`` on the include path after Python's and ours."""
    includes = [sysconfig.get_path("include"), sysconfig.get_path("platinclude"), PACKAGE, HERE, *folders]
    return [*recipe.CFLAGS, "-DNDEBUG", "-w", *(f"-I{path}" for path in dict.fromkeys(map(str, includes)))]


def compile_c(source, output, *flags, folders=()):
    """Compile one C file."""
    command = [*toolchain.compiler(), *c_flags(*folders), *flags, "-c", str(source), "-o", str(output)]
    toolchain.run_checked(command, f"compiling {source.name}")


def tools_key():
    """Changes with the compiler, Cython, Python and the recipe."""
    compiler = tuple(toolchain.compiler())
    toolchain.require_headers()
    version = toolchain.compiler_version(compiler)
    return cache.key(
        str(compiler), version, Cython.__version__, sys.version, *c_flags(), HERE / "recipe.py", Path(__file__)
    )


def core_key():
    """Changes with the tools and with every source of the framework."""
    sources = [path for pattern in ("*.pyx", "*.pxd", "*.h") for path in sorted(PACKAGE.glob(pattern))]
    return cache.key(tools_key(), *(path.name for path in sources), *sources)


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


def core_object(module, key):
    """The object of one core module."""
    return cache.stored(f"{module}-{key}.o", lambda output: compile_c(core_c(module, key), output))


def core_c(module, key):
    """The generated C of one core module."""
    return generated(core_source(module), module, PACKAGE.parent, key)


def core_objects(modules=recipe.CORE):
    """The objects of the core, in the order of ``recipe.CORE``, or of these modules."""
    key = core_key()
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda module: core_object(module, key), modules))


def neighbours(source):
    """What a driver may keep beside its .pyx, one folder deep."""
    folder = source.path.parent
    return [path for pattern in ("*", "*/*") for path in sorted(folder.glob(pattern)) if path.suffix in NEIGHBOURS]


def driver_key(source):
    """Changes with everything that the driver's object is made of."""
    near = neighbours(source)
    return cache.key(core_key(), source.module, source.path, *(path.name for path in near), *near)


def driver_primitives(source):
    """The modules of the realtime primitives that a driver names."""
    return primitives.named(*primitives.read([source.path, *neighbours(source)]))


def driver_object(source):
    """The object of a driver, the same one for its extension module and its bundle."""
    key = driver_key(source)
    return cache.stored(
        f"driver-{source.module}-{key}.o",
        lambda output: compile_c(driver_c(source, key), output, folders=[source.path.parent.absolute()]),
    )


def driver_c(source, key=None):
    """The generated C of a driver."""
    folder = source.path.parent.absolute()
    facade = primitives.facade(PACKAGE, driver_primitives(source))
    return generated(folder / source.path.name, source.module, folder, key or driver_key(source), facade)


def c_object(source, *flags):
    """The object of one of our own C files, such as entry.c."""
    key = cache.key(core_key(), source, HERE / "table.h", *flags)
    return cache.stored(f"{source.stem}-{key}.o", lambda output: compile_c(source, output, *flags))


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
