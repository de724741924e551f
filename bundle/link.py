"""One binary with one exported symbol: core, driver, entry and interpreter."""

import platform
import tempfile
from pathlib import Path

from tympan.bundle import cache, compile, macho, recipe, table, toolchain
from tympan.bundle.target import MINIMUM_MACOS, NATIVE

#: Apple's names that the core uses, and the one of ours; off macOS the simulated host supplies them.
PLATFORM = ("CF", "kCF", "mach_", "dispatch_", "_dispatch_", "tympan_os_log")


def objects(driver, modules, runtime, factory, machine=NATIVE):
    """Every object that goes into the binary; core and entry come from the cache."""
    found = [*compile.core_objects(modules.core, machine), compile.driver_object(driver, machine)]
    found.append(compile.c_object(compile.HERE / "entry.c", f"-DTYMPAN_FACTORY={factory}", machine=machine))
    if machine.is_macos:
        found.append(compile.c_object(compile.HERE / "os_log.c", machine=machine))
    text = table.generate(driver, modules, runtime.kind)
    name = f"table-{cache.key(compile.tools_key(machine), text)}.o"
    return [*found, cache.stored(name, lambda output: compile_table(text, output, machine))]


def compile_table(text, output, machine=NATIVE):
    """Compile the generated table."""
    source = output.with_suffix(".c")
    source.write_text(text, encoding="ascii")
    compile.compile_c(source, output, machine=machine)


def static(parts, runtime, factory, output, machine=NATIVE):
    """Link with the static library; nothing of the interpreter can be seen from outside."""
    if machine.is_crossed:
        macho.link([*parts, runtime.library], factory, output, machine)
        return
    link([*parts, without_debug(runtime.library)], runtime.libraries, factory, output, machine)


def without_debug(library):
    """A copy of the static library without its debug information, which is most of it and would be linked in vain."""
    if toolchain.MACOS:
        return library  # the linker leaves it in the objects
    name = f"python-{cache.key(str(library), library.stat().st_mtime_ns, library.stat().st_size)}.a"
    command = [toolchain.strip_program(), "-g", library, "-o"]
    return cache.stored(name, lambda output: toolchain.run_checked([*command, output], f"copying {library.name}"))


def vendored(parts, library, factory, output, machine=NATIVE):
    """Link with the bundle's own copy of the shared library, found beside the binary."""
    # libm for drivers that use `libc.math`; the copied interpreter brings only what it needs itself.
    others = [] if toolchain.MACOS else ["-Wl,-rpath,$ORIGIN/../Frameworks", "-lm"]
    link([*parts, library], others, factory, output, machine)


def link(parts, libraries, factory, output, machine=NATIVE):
    """Run the linker. Names and lines stay in: the realtime check reads them, and strips the file."""
    with tempfile.TemporaryDirectory() as folder:
        exports = Path(folder) / "exports"
        flags = macos_flags(exports, factory) if toolchain.MACOS else elf_flags(exports, factory)
        command = [*machine.compiler(), *flags, "-o", output, *parts, *libraries]
        toolchain.run_checked(command, f"linking {output.name}")


def elf_flags(exports, factory):
    """``now``: a symbol that is bound late would take the loader's lock on an IO thread."""
    exports.write_text(f"{{ global: {factory}; local: *; }};\n", encoding="ascii")
    # No build ID: it would depend on the debug information, and so on the folder of the cache.
    wanted = ("--gc-sections", "-Bsymbolic", "--as-needed", "-z,relro", "-z,now", "-O1", "--build-id=none")
    return ["-shared", f"-Wl,--version-script={exports}", *(f"-Wl,{flag}" for flag in (*wanted, *packed_relocations()))]


def packed_relocations():
    """An interpreter has 36,000 relocations: packed, they are 0.8 MB less to load. glibc reads them from 2.36 on."""
    name, version = platform.libc_ver()
    numbers = tuple(int(part) for part in version.split(".")[:2]) if name == "glibc" else ()
    return ["-z,pack-relative-relocs"] if numbers >= (2, 36) else []


def macos_flags(exports, factory):
    """MH_BUNDLE: a dylib has been seen to load with none of its code run. Not yet run."""
    exports.write_text(f"_{factory}\n", encoding="ascii")
    wanted = (f"-exported_symbols_list,{exports}", "-dead_strip")
    return [
        "-bundle",
        f"-mmacosx-version-min={MINIMUM_MACOS}",
        *(f"-Wl,{flag}" for flag in wanted),
        *("-framework", "CoreFoundation"),
    ]


def factory_name(settings):
    """The exported symbol: the same one in the binary and in Info.plist."""
    return settings.get("factory", recipe.FACTORY)
