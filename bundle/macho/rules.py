"""What macOS must find in a bundle's binary: each rule yields (sentence, hint) for what is wrong."""

import re

from tympan.bundle.binary import strip
from tympan.bundle.macho import allowed, signature

#: The vendored runtime's own library; verify.py looks whether it is there.
OWN_LIBRARY = re.compile(r"@loader_path/\.\./Frameworks/libtympanpython[\w.-]+")
AGAIN = "Build the bundle again."
SYSTEM_ONLY = "A bundle uses libSystem and CoreFoundation, and of those what tympan's list of imports has."
#: How a library may be named, besides the plain way; each lets the loader do without it, or hands it on.
ODD_LOADS = {
    "LOAD_WEAK_DYLIB": "may do without",
    "REEXPORT_DYLIB": "hands on",
    "LAZY_LOAD_DYLIB": "loads late",
    "LOAD_UPWARD_DYLIB": "loads upwards",
}


def of_file(slices, wanted=None):
    """The processors of the whole file; ``wanted`` are those that it was to be built for."""
    names = [part.name for part in slices]
    foreign = [name for name in names if name not in allowed.PROCESSORS]
    if foreign:
        yield f"a slice of the binary is for {foreign[0]}, not for a Mac's processor", AGAIN
    for part in slices:
        if part.name == "arm64" and part.subtype:
            yield "a slice of the binary is arm64e, which macOS loads from nobody but Apple", "Build it for arm64."
    if len(set(names)) != len(names):
        yield f"the binary has two slices for {max(names, key=names.count)}", AGAIN
    missing = [name for name in wanted or () if name not in names]
    if missing or (wanted and len(names) > len(wanted)):
        yield f"the binary is for {' and '.join(names)}, not for {' and '.join(wanted)}", AGAIN


def of_slice(part, info, contents):
    """Every rule about one slice."""
    for rule in (kind, exports, libraries, imports, folders, minimum, segments):
        yield from rule(part, info)
    for problem in signature.problems(part, contents):
        yield f"{part} {problem}", "Sign it again: codesign --force --sign - NAME.driver, or build the bundle again."


def kind(part, info):
    """A bundle; a dylib has been seen to load with none of its code run."""
    if part.kind != "BUNDLE":
        yield f"{part} is of type {part.kind}, not BUNDLE, so macOS does not load it as a plug-in", "Link with -bundle."
    flags = {flag.name for flag in part.macho.header.flags_list}
    if "TWOLEVEL" not in flags:
        yield f"{part} takes symbols from whatever library has them first", "Link without -flat_namespace."
    if part.commands("ID_DYLIB"):
        yield f"{part} has the name of a library", "Link with -bundle."


def exports(part, info):
    """Exactly one symbol: what Info.plist names."""
    factory, found = next(iter(info["CFPlugInFactories"].values())), part.exports()
    others = [name for name in found if name != factory]
    if factory not in found:
        has = listed(found) or "nothing"
        yield f"Info.plist names the factory {factory}, but {part} exports {has}", AGAIN
    elif others:
        yield f"{part} exports {listed(others)} besides {factory}", f"Link with -exported_symbol _{factory}."


def libraries(part, info):
    """libSystem and CoreFoundation, plainly."""
    for command in part.commands("LOAD_DYLIB", *ODD_LOADS):
        name, how = command.name, ODD_LOADS.get(command.command.name)
        if name not in allowed.stubs() and not OWN_LIBRARY.fullmatch(name):
            yield f"{part} needs {name}, which a bundle may not", SYSTEM_ONLY
        elif how:
            yield f"{part} {how} {name}", "Link with the library itself."


def imports(part, info):
    """Strong, from a named library, and on the list."""
    weak = {name for name, _, optional in part.imports() if optional}
    weak |= {name for name, optional in part.undefined() if optional}
    if weak:
        yield (
            f"{part} imports {listed(map(strip, sorted(weak)))} weakly: NULL on a macOS that lacks it",
            "Use what macOS 12 has, or ask for it with dlsym.",
        )
    for name, library, _ in part.imports():
        if allowed.CLIENT_API.fullmatch(name):
            hint = "A driver answers the HAL; it does not ask it."
            yield f"{part} calls {strip(name)} of Core Audio's client interface", hint
        elif not library:
            hint = "Link without -undefined dynamic_lookup."
            yield f"{part} imports {strip(name)} from no library in particular", hint
        elif library in allowed.stubs() and not allowed.is_allowed(name, library, part.name):
            yield f"{part} imports {strip(name)}, which is not on the list of what a bundle may", SYSTEM_ONLY


def folders(part, info):
    """Where the loader looks for libraries: only inside the bundle."""
    for command in part.commands("RPATH"):
        if not command.path.startswith("@loader_path/"):
            yield f"{part} looks for libraries in {command.path}, which is outside the bundle", "Link without -rpath."


def minimum(part, info):
    """The oldest macOS: the same in the slice and in Info.plist."""
    versions = part.commands("BUILD_VERSION")
    if not versions or versions[0].platform.name != "MACOS":
        yield f"{part} was not built for macOS, or does not say so", "Link with -platform_version macos."
        return
    asked, says = tuple(versions[0].minos[:2]), str(info.get("LSMinimumSystemVersion", ""))
    if version_of(says) != asked:
        number = ".".join(map(str, asked))
        yield f"{part} needs macOS {number}, but Info.plist says LSMinimumSystemVersion {says or 'nothing'}", AGAIN


def version_of(text):
    """(12, 0) of "12.0", None of what is no version."""
    parts = text.split(".")
    return (int(parts[0]), int(parts[1]) if parts[1:] else 0) if all(part.isdecimal() for part in parts) else None


def segments(part, info):
    """No memory that can be both written and run, and all pointers bound before anything runs."""
    for segment in part.macho.segments:
        if segment.init_protection & 6 == 6 or (segment.init_protection & 4 and segment.name != "__TEXT"):
            yield f"{part} has the segment {segment.name}, which can be changed and run", AGAIN
    if part.macho.has_dyld_info and part.macho.dyld_info.lazy_bind[1]:
        yield (
            f"{part} binds symbols when they are first called, which on an IO thread would wait for the loader's lock",
            "Link with -fixup_chains.",
        )


def listed(names):
    """The first names of a list, for a sentence."""
    names = list(names)
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more symbols"
