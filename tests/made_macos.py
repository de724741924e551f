"""A small universal bundle for tests, in order until something in it is changed; written byte by byte."""

import plistlib
import shutil
import sysconfig
from pathlib import Path

import lief
from macho_writer import Macho, fat

from tympan._errors import UsageError
from tympan.bundle import (
    BundleConfig,
    build_bundle,
    cache,
    compile,
    cpython,
    plist,
    project,
    recipe,
    runtime,
    toolchain,
)
from tympan.bundle import target as targets
from tympan.bundle.cpython import store

CONFIG = BundleConfig("com.example.tympan.Tiny", "Tiny", "Tiny", "1.2.3")
UUID = CONFIG.factory_uuid


class Made:
    """Change ``slices`` ([Macho]) or ``info`` (Info.plist), write it; then ``data`` of the file, or the folder."""

    def __init__(self, path, processors=("x86_64", "arm64")):
        self.path = path
        self.executable = path / "Contents" / "MacOS" / "Tiny"
        self.slices = [Macho(name) for name in processors]
        self.info = plist.contents(CONFIG)

    @property
    def arm(self):
        """The arm64 slice."""
        return self.slices[-1]

    def write(self):
        """Write the folder; answers itself."""
        self.executable.parent.mkdir(parents=True, exist_ok=True)
        self.write_info()
        parts = [(part.processor, part.bytes()) for part in self.slices]
        self.executable.write_bytes(fat(parts) if len(parts) > 1 else parts[0][1])
        self.executable.chmod(0o755)
        return self

    def write_info(self):
        """Info.plist; a key that is None is left out."""
        kept = {key: value for key, value in self.info.items() if value is not None}
        (self.path / "Contents" / "Info.plist").write_bytes(plistlib.dumps(kept))

    def change(self, at, value):
        """Write other bytes into the finished file, without signing it again; a negative place counts from its end."""
        data = bytearray(self.executable.read_bytes())
        at += len(data) if at < 0 else 0
        data[at : at + len(value)] = value
        self.executable.write_bytes(data)

    def keep(self, size):
        """Cut the file; a negative size counts from its end."""
        self.executable.write_bytes(self.executable.read_bytes()[:size])


# ---- bundles of real drivers ----

ROOT = Path(__file__).parents[1]


def missing():
    """Why a bundle for macOS cannot be linked on this machine, or ""."""
    try:
        targets.ARM64.require()
    except UsageError as error:
        return f"{error}; make macos says why"
    return ""


MISSING = missing()


def universal(example, output, target="macos-universal2"):
    """The bundle of examples/EXAMPLE for macOS in the folder ``output``; its interpreter is a stub unless there is one.

    The runtime of the tests' own cache is taken, or a copy of the user's; see docs/macos.md for how to build it.
    """
    for machine in targets.machines(target):
        have_runtime(machine)
    return build_bundle(ROOT / "examples" / example, output, target=target)


def has_real_runtime(machine):
    """Whether bundles for this machine can have a CPython that runs."""
    found = cpython.present(machine)
    return bool(borrowed(machine) or (found and found.facts["source"] != STUB))


def have_runtime(machine):
    """Put a runtime into the tests' cache."""
    if cpython.present(machine) is None or (borrowed(machine) and not has_real_runtime(machine)):
        borrow(machine) if borrowed(machine) else stub_runtime(machine)


def borrowed(machine):
    """The runtimes of the user's cache."""
    folder = Path.home() / ".cache" / "tympan" / cache.RUNTIMES
    return sorted(folder.glob(f"{machine.name}-{runtime.VERSION}-*/{store.FACTS}"))


def borrow(machine):
    """Copy them."""
    for facts in borrowed(machine):
        shutil.copytree(facts.parent, store.folder() / facts.parent.name, dirs_exist_ok=True)


STUB = "stub"
#: What makes the linker keep the built-in modules, as CPython's import.c does.
TABLE = "extern char _PyImport_Inittab[];\nvoid *PyImport_ExtendInittab(void) { return _PyImport_Inittab; }\n"


def stub_runtime(machine):
    """A libpython that can be linked with and not run: every function of CPython's that our code needs, and no more.

    Its headers are this system's, which is good enough for what does not run.
    """
    folder = store.place(machine, STUB)
    library = folder / f"libpython{runtime.VERSION}.a"
    shutil.copytree(sysconfig.get_path("include"), folder / "include", dirs_exist_ok=True)
    store.write_facts(folder, version=f"{runtime.VERSION}.0", machine=machine.name, source=STUB, sha256="")
    text = "".join(f"void {name[1:]}(void) {{ __builtin_trap(); }}\n" for name in sorted(stub_names(machine)))
    (folder / "stub.c").write_text(TABLE + text, "ascii")
    command = [*machine.compiler(), "-c", folder / "stub.c", "-o", folder / "stub.o"]
    toolchain.run_checked(command, "compiling a stub")
    toolchain.run_checked([*targets.zig(), "ar", "rcs", library, folder / "stub.o"], "making a stub")


def stub_names(machine):
    """What core, entry and example take from CPython, and a few built-in modules."""
    core = (*recipe.CORE, *recipe.PRIMITIVES, *recipe.DECLARED)
    source = project.find(ROOT / "examples" / "gain").inspect()
    objects = [*compile.core_objects(core, machine), compile.driver_object(source, machine)]
    objects.append(compile.c_object(compile.HERE / "entry.c", f"-DTYMPAN_FACTORY={recipe.FACTORY}", machine=machine))
    names = {name for path in objects for name in undefined(path) if name.startswith(("_Py", "__Py"))}
    names |= {f"_PyInit_{name}" for name in ("posix", "_thread", "_weakref", "itertools")}
    names |= {"_PyMarshal_Init", "__PyWarnings_Init"}
    return names - {"_PyImport_ExtendInittab"} - {f"_PyInit_{name.rpartition('.')[2]}" for name in core}


def undefined(path):
    """The names that an object takes from elsewhere."""
    fat = lief.MachO.parse(str(path))
    return {item.name for item in fat.at(0).symbols if item.raw_type & 0x0F == 0x01}
