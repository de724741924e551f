"""Which CPython goes into a bundle: the static library of this Python, or a copy of its shared one."""

import platform
import shlex
import sys
import sysconfig
from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle import archive, binary, cache, toolchain, verify
from tympan.bundle.target import NATIVE

INSTEAD = "Python from pyenv (with --enable-shared), Debian (python3-dev), python.org or Homebrew can be carried."
KINDS = ("auto", "static", "vendored")
VERSION = "{}.{}".format(*sys.version_info)


class Runtime:
    """A CPython to link with: its library, the flags that go with it, and the modules it has built in."""

    def __init__(self, kind, library, libraries, builtins, version=None):
        self.kind, self.library, self.libraries, self.builtins = kind, library, libraries, builtins
        self.version = version or platform.python_version()

    def __str__(self):
        return f"{self.kind} CPython {self.version}"


def choose(kind, machine=NATIVE):
    """The ``Runtime`` for ``--runtime kind``; auto prefers static."""
    if kind not in KINDS:
        raise UsageError(f"there is no runtime {kind!r}", f"The runtimes are {', '.join(KINDS)}.")
    if machine.architecture:
        return built(kind, machine)
    found = None
    if kind != "vendored":
        found = static()
    if found is None and kind != "static":
        found = vendored()
    return found or refuse(kind)


def built(kind, machine):
    """The runtime that was built from source for a processor of macOS; on a Mac also its own library."""
    from tympan.bundle import cpython

    wanted = kind == "vendored" or (kind == "auto" and not cpython.present(machine))
    if toolchain.MACOS and wanted and (found := vendored(machine.architecture)):
        return found  # not yet run
    if kind == "vendored":
        raise UsageError(
            f"a bundle for {machine} cannot carry the shared library of {sys.executable}",
            "Leave --runtime out: `python -m tympan runtime build` makes a static one.",
        )
    found = cpython.find(machine)
    return Runtime("static", found.library, [], archive.modules(found.library), found.version)


def refuse(kind):
    """Say what this Python lacks."""
    if kind == "vendored" and (paths := [path for path in shared_candidates() if path.is_file()]):
        needed = verify.foreign_libraries(paths[0].resolve())[0]
        raise UsageError(f"the shared library of {sys.executable} needs {needed}, which a bundle cannot carry", INSTEAD)
    lacks = {
        "static": "static library that can be linked into a bundle",
        "vendored": "shared library",
        "auto": "library, static or shared, that a bundle could carry",
    }
    raise UsageError(f"{sys.executable} (CPython {VERSION}) has no {lacks[kind]}", INSTEAD)


def static():
    """The library that `runtime build` made, or this Python's static one when it is position independent."""
    from tympan.bundle import cpython

    found = cpython.present(NATIVE)
    if found:
        return Runtime("static", found.library, system_libraries(), archive.modules(found.library), found.version)
    for path in static_candidates():
        if path.is_file() and archive.is_archive(path) and is_pic(path):
            return Runtime("static", path, system_libraries(), archive.modules(path))
    return None


def static_candidates():
    """Where a static library may be; Debian's -pic.a is made for this purpose."""
    name = sysconfig.get_config_var("LIBRARY") or f"libpython{VERSION}.a"
    folders = [Path(folder) for key in ("LIBPL", "LIBDIR") if (folder := sysconfig.get_config_var(key))]
    for file in (name.removesuffix(".a") + "-pic.a", name):
        if file.endswith(".a"):
            yield from (folder / file for folder in folders)


def is_pic(library):
    """Whether the library can be linked into a shared object; found out by doing it, once."""
    if library.stem.endswith("-pic") or toolchain.MACOS or sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return True
    name = f"pic-{cache.key(str(library), library.stat().st_mtime_ns, library.stat().st_size)}"
    return cache.stored(name, lambda output: output.write_text(try_link(library))).read_text() == "yes"


def try_link(library):
    """Link the interpreter's main entry into a shared object that nobody uses."""
    command = [*toolchain.compiler(), "-shared", "-o", "/dev/null", "-Wl,-u,Py_InitializeFromConfig,-Bsymbolic"]
    done = toolchain.run([*command, str(library), *system_libraries()])
    return "no" if done.returncode else "yes"


def system_libraries():
    """``-lm``, ``-ldl`` and the like; never a search path or an rpath of the machine that builds."""
    words = [
        word for key in ("LIBS", "MODLIBS", "SYSLIBS") for word in shlex.split(sysconfig.get_config_var(key) or "")
    ]
    wanted = [
        word for word in words if word.startswith("-l") or (toolchain.MACOS and not word.startswith(("-L", "-Wl")))
    ]
    return list(dict.fromkeys([*wanted, "-lpthread", "-lm"]))


def vendored(architecture=None):
    """This Python's shared library, when it needs nothing but the system's and has a slice for ``architecture``."""
    for path in shared_candidates():
        if path.is_file() and not verify.foreign_libraries(path.resolve()) and has_slice(path, architecture):
            if not toolchain.MACOS:
                toolchain.patchelf()  # missing? Better known before anything is compiled
            return Runtime("vendored", path.resolve(), [], frozenset(sys.builtin_module_names))
    return None


def has_slice(path, architecture):
    """Whether a library is for a processor, too: python.org's is universal, Homebrew's is not."""
    return architecture is None or architecture in {part.machine for part in binary.read(path.resolve())}


def shared_candidates():
    """Where the shared library may be: a framework on macOS, otherwise beside the static one."""
    get = sysconfig.get_config_var
    if get("PYTHONFRAMEWORKPREFIX"):
        yield Path(get("PYTHONFRAMEWORKPREFIX")) / (get("LDLIBRARY") or "")
    if get("Py_ENABLE_SHARED"):
        for folder in (get("LIBDIR"), get("LIBPL")):
            for name in (get("INSTSONAME"), get("LDLIBRARY")):
                if folder and name and not name.endswith(".a"):
                    yield Path(folder) / name
