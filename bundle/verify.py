"""Read a finished bundle back and refuse what a host could not load, or should not.

The builder runs this on everything it makes: what is checked is the artefact,
not the intention.
"""

import plistlib
import re
from pathlib import Path

from tympan._errors import BuildError, UsageError
from tympan.bundle import binary, link, macho, plist
from tympan.bundle.macho.rules import listed

#: Keys without which CFBundle or coreaudiod ignores the bundle.
REQUIRED = (
    "CFBundleExecutable",
    "CFBundleIdentifier",
    "CFBundleInfoDictionaryVersion",
    "CFBundlePackageType",
    "CFBundleVersion",
    "CFPlugInFactories",
    "CFPlugInTypes",
)

#: Libraries that every system has; anything else must be inside the bundle.
SYSTEM_LIBRARIES = re.compile(
    r"lib(c|m|dl|rt|util|pthread|gcc_s)\.so\.\d+|ld-linux.*"
    r"|/usr/lib/.+|/System/Library/Frameworks/.+"
)
OWN_LIBRARY = re.compile(r"(@loader_path/(?:\.\./){1,2}Frameworks/)?(libtympanpython[\w.-]+)")


class Verified:
    """What was found in a bundle that is in order."""

    def __init__(self, path, info, slices, own):
        self.path, self.info = path, info
        self.slices = slices
        self.runtime = "vendored" if own else "static"
        self.factory_uuid, self.factory_name = next(iter(info["CFPlugInFactories"].items()))
        self.size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())

    @property
    def platform(self):
        """System and processors, such as ``macOS arm64 x86_64``."""
        return " ".join([self.slices[0].system, *(part.machine for part in self.slices)])


def verify_bundle(path, architectures=None):
    """Check the ``.driver`` at ``path`` and return a ``Verified``.

    ``architectures``: the processors that a bundle for macOS must be for,
    such as ("x86_64", "arm64"); None: whatever it has.

    Raises UsageError for what is no bundle at all, and BuildError for a bundle
    that a host would refuse or that exports or needs more than it should.
    """
    path = Path(path)
    if not path.is_dir():
        raise UsageError(f"{path}: there is no such bundle")
    info = read_info(path)
    executable = path / "Contents" / "MacOS" / info["CFBundleExecutable"]
    if not executable.is_file():
        raise BuildError(f"{path}: Info.plist names the executable {executable.name}, which is not in Contents/MacOS")
    own = own_libraries(path)
    if macho.is_macho(executable):
        macho.check(path, info, architectures)
    slices = binary.read(executable)
    for part in slices:
        check_slice(path, info, part, own)
    check_inner(path, own)
    return Verified(path, info, slices, own)


def read_info(path):
    """Info.plist with its keys checked."""
    file = path / "Contents" / "Info.plist"
    if not file.is_file():
        raise UsageError(
            f"{path}: there is no Contents/Info.plist", "A .driver is a folder that `tympan bundle` makes."
        )
    try:
        info = plistlib.loads(file.read_bytes())
    except Exception as error:
        raise UsageError(f"{path}: Info.plist is not readable: {error}") from None
    missing = [key for key in REQUIRED if not isinstance(info, dict) or not info.get(key)]
    if missing:
        raise BuildError(f"{path}: Info.plist lacks {', '.join(missing)}")
    check_factory(path, info)
    return info


def check_factory(path, info):
    """The same factory UUID in both dictionaries, once."""
    factories, types = info["CFPlugInFactories"], info["CFPlugInTypes"]
    if info["CFBundlePackageType"] != "BNDL":
        raise BuildError(f"{path}: Info.plist: CFBundlePackageType is {info['CFBundlePackageType']!r}, not 'BNDL'")
    if not isinstance(factories, dict) or len(factories) != 1:
        raise BuildError(f"{path}: Info.plist: CFPlugInFactories must hold exactly one factory")
    if not isinstance(types, dict) or types.get(plist.PLUGIN_TYPE) != list(factories):
        raise BuildError(f"{path}: Info.plist: CFPlugInTypes does not name the factory {next(iter(factories))}")


def check_inner(path, own):
    """Libraries and extension modules inside the bundle need nothing from outside either."""
    for file in [*path.glob("Contents/Frameworks/*"), *path.glob("Contents/Resources/lib/*")]:
        for part in binary.read(file):
            for library in part.libraries:
                check_library(path, library, own)
            for folder in part.folders:
                check_folder(path, folder)


def own_libraries(path):
    """File names in Contents/Frameworks."""
    return {file.name for file in (path / "Contents" / "Frameworks").glob("*")}


def foreign_libraries(file):
    """The libraries that a binary needs and other machines may not have; libpython is another matter."""
    needed = {library for part in binary.read(file) for library in part.libraries}
    return sorted(name for name in needed if not SYSTEM_LIBRARIES.fullmatch(name) and "python" not in name.lower())


def check_slice(path, info, part, own):
    """One architecture: kind of file, the one export, libraries, imports."""
    if part.kind not in ("DYN", "BUNDLE"):
        raise BuildError(f"{path}: the binary is of kind {part.kind}, which cannot be loaded as a plug-in")
    check_exports(path, next(iter(info["CFPlugInFactories"].values())), part.exports)
    for library in part.libraries:
        check_library(path, library, own)
    for folder in part.folders:
        check_folder(path, folder)
    unknown = [name for name, origin in part.imports if not is_known(name, origin, bool(own))]
    unknown = [] if part.system == "macOS" else unknown  # its imports have been compared with the list already
    if unknown:
        raise BuildError(f"{path}: the binary needs {listed(unknown)}, which nothing supplies")


def check_exports(path, factory, exports):
    """Exactly one symbol: what Info.plist names."""
    if factory not in exports:
        has = listed(exports) if exports else "nothing"
        raise BuildError(f"{path}: Info.plist names the factory {factory}, but the binary exports {has}")
    if len(exports) > 1:
        others = [name for name in exports if name != factory]
        raise BuildError(f"{path}: the binary exports {listed(others)} besides {factory}")


def check_library(path, library, own):
    """A library of the system, or one that the bundle carries."""
    found = OWN_LIBRARY.fullmatch(library)
    if found and found[2] not in own:
        raise BuildError(f"{path}: the binary needs {library}, which is not in Contents/Frameworks")
    if not found and not SYSTEM_LIBRARIES.fullmatch(library):
        raise BuildError(
            f"{path}: the binary needs {library}, which other machines may not have",
            "Use a Python that was built without it, or with a static copy of it.",
        )


def check_folder(path, folder):
    """A place to look for libraries: only inside the bundle, never a folder of the machine that built it."""
    if not folder.startswith(("$ORIGIN/", "@loader_path/")):
        raise BuildError(f"{path}: the binary looks for libraries in {folder}, which is outside the bundle")


def is_known(name, origin, has_python):
    """Whether an undefined symbol has a supplier: the C library, the platform, or a vendored Python."""
    if origin or name.startswith(link.PLATFORM):
        return True
    return has_python and re.match(r"_?Py", name) is not None
