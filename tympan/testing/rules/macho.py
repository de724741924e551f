"""Rules about a binary for macOS as a file, on any system: what dyld, codesign or coreaudiod would refuse.

The bundler's reader of Mach-O files finds it; here it gets the symptom. For an ELF file none of them applies.
"""

from tympan._errors import TympanError
from tympan.testing import _loader
from tympan.testing.rules._rule import Blocked, Failure, Group, Skip

rule = Group("macho", "The file for macOS", "C1.2")

_REFUSED = "The driver is not loaded; no device appears."


def _tools():
    """The bundler's reader, and its rules."""
    try:
        from tympan.bundle import macho, verify
    except ImportError:
        raise Skip("tympan.bundle, which reads binaries, is not installed") from None
    return macho, verify


def _binary(s):
    """The path of the Mach-O file; Skip when there is none, or another kind of file."""
    info = _loader.read_plist(s.path) if _loader.is_readable(s.path) else {}
    path = s.path / "Contents" / "MacOS" / str(info.get("CFBundleExecutable"))
    if not path.is_file():
        raise Skip("there is no binary")
    if not _tools()[0].is_macho(path):
        raise Skip("the binary is not for macOS")
    return path


def _info(s):
    """Info.plist with its keys checked."""
    _binary(s)
    try:
        return _tools()[1].read_info(s.path)
    except TympanError as error:
        raise Blocked("macho-info", _without_path(s, error)) from None


def _slices(s):
    """The architectures."""
    path = _binary(s)
    try:
        return _tools()[0].slices.read(path)
    except TympanError as error:
        raise Blocked("macho-whole", _without_path(s, error)) from None


def _without_path(s, error):
    """A sentence of the verifier's; the report has named the bundle already."""
    return str(error).removeprefix(f"{s.path}: ").replace(f"{s.path}/", "")


def _refuse(problems):
    """Failure with the first of the verifier's sentences."""
    for sentence, hint in problems:
        raise Failure(sentence, hint)


def _each(s, *names):
    """The sentences of these rules of the verifier's, for every architecture."""
    info, rules = _info(s), _tools()[0].rules
    return (problem for part in _slices(s) for name in names for problem in getattr(rules, name)(part, info))


@rule("macho-whole", "The binary and each architecture in it are whole: tables, load commands, segments.", _REFUSED)
def macho_whole(s):
    _slices(s)


@rule(
    "macho-processors",
    "Each architecture is one of a Mac's, x86_64 or arm64 (not arm64e), and is there once.",
    "The driver is loaded on some Macs and not on others.",
    "BlackHole #278",
)
def macho_processors(s):
    _refuse(_tools()[0].rules.of_file(_slices(s)))


@rule(
    "macho-type",
    "Each architecture is an MH_BUNDLE with two-level names and without a library's name.",
    "The driver looks loaded, and none of its code runs.",
    "AppFaders, lesson 1",
)
def macho_type(s):
    _refuse(_each(s, "kind"))


@rule(
    "macho-exports",
    "Export trie and symbol table of each architecture have the factory, and no other symbol.",
    "The factory is not found; or two drivers in one process use each other's functions.",
)
def macho_exports(s):
    _refuse(_each(s, "exports"))


@rule(
    "macho-libraries",
    "Each architecture needs libSystem and CoreFoundation only, plainly, and looks nowhere outside the bundle.",
    "The driver loads on the machine that built it and on no other.",
)
def macho_libraries(s):
    _refuse(_each(s, "libraries", "folders"))


@rule(
    "macho-imports",
    "Imports are strong, come from a named library, are on the list of what a bundle may use, and are bound at once.",
    "A crash on an older macOS, a wait for the loader on an IO thread, or no device at all.",
)
def macho_imports(s):
    _refuse(_each(s, "imports"))


@rule(
    "macho-minimum",
    "The oldest macOS of each architecture is Info.plist's LSMinimumSystemVersion.",
    "macOS loads the driver where it cannot run, or not where it could.",
)
def macho_minimum(s):
    _refuse(_each(s, "minimum"))


@rule(
    "macho-memory",
    "No memory can be both changed and run, and no symbol is bound when it is first called.",
    "The hardened runtime refuses the driver, or an IO thread waits for the loader's lock.",
)
def macho_memory(s):
    _refuse(_each(s, "segments"))


@rule(
    "macho-signature",
    "Each architecture is signed, to its end, and every page has the hash that was signed.",
    "The process that loads the driver is killed; no device appears.",
)
def macho_signature(s):
    contents, signature = s.path / "Contents", _tools()[0].signature
    sentences = (f"{part} {problem}" for part in _slices(s) for problem in signature.problems(part, contents))
    _refuse((sentence, "Sign it again: codesign --force --sign - NAME.driver.") for sentence in sentences)


@rule(
    "macho-info",
    "Info.plist has the keys, versions, identifier and UUIDs that macOS and Finder read.",
    "The driver is not loaded, or shows no version; no log line says why.",
    reference="C1.1",
)
def macho_info(s):
    _refuse(_tools()[0].folder.of_info(_info(s)))


@rule(
    "macho-contents",
    "Nothing is in the bundle that does not belong there, nothing leads out, and the binary is executable.",
    "codesign refuses the bundle, or the signature is found to be broken.",
    reference="C1.1",
)
def macho_contents(s):
    _refuse(_tools()[0].folder.of_files(s.path, _info(s)))
