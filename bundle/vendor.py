"""Copy a shared libpython and its extension modules into a bundle, under names no other process has.

The simulated host loads bundles as macOS does, each with names of its own; but
ELF knows a loaded library by its SONAME alone. So the copy's SONAME holds a
hash of what the bundle is made of: another bundle, or the program's own
Python, never meets it.
"""

import shutil
from pathlib import Path

from tympan.bundle import cache, runtime, table, toolchain


def copy(chosen, modules, contents, parts):
    """Fill Frameworks and Resources/lib; the copied library, to link with."""
    suffix = ".dylib" if toolchain.MACOS else ".so"
    name = f"libtympanpython{runtime.VERSION}-{cache.key(*parts, *sorted(modules.files))[:8]}{suffix}"
    library = contents / "Frameworks" / name
    library.parent.mkdir()
    shutil.copy(chosen.library, library)
    library.chmod(0o755)
    rename(library)
    for file in sorted(modules.files.values()):
        copy_extension(file, contents / table.LIBRARY, library)
    return library


def rename(library):
    """Give the copy its own name, no folder to look into, and no symbols for debuggers."""
    if toolchain.MACOS:  # not yet run
        run("install_name_tool", "-id", f"@loader_path/../Frameworks/{library.name}", library)
        return
    if shutil.which("strip"):
        run("strip", "--strip-unneeded", library)
    run(toolchain.patchelf(), "--remove-rpath", "--set-soname", library.name, library)


def copy_extension(file, folder, library):
    """One extension module of the standard library, tied to the bundle's own libpython."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file.name
    shutil.copy(file, target)
    target.chmod(0o755)
    if not toolchain.MACOS:
        run(toolchain.patchelf(), "--add-needed", library.name, "--set-rpath", "$ORIGIN/../../Frameworks", target)


def run(*command):
    """Run a tool on a copied file."""
    toolchain.run_checked(command, f"{Path(str(command[0])).name} on {command[-1].name}")
