"""Rules about what is on disk, before anything is loaded (hal-protocol C1.1, C1.2)."""

import re
import stat
import uuid

from tympan._errors import UsageError
from tympan.testing import _loader
from tympan.testing.rules._rule import Blocked, Failure, Group, Skip, advise, require

rule = Group("bundle", "The bundle on disk", "C1.1")

_REQUIRED = ("CFBundleExecutable", "CFBundleIdentifier", "CFBundlePackageType", "CFPlugInFactories", "CFPlugInTypes")
_IDENTIFIER = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
#: Functions of a client of the HAL; inside the HAL's own process they deadlock.
_CLIENT_API = re.compile(r"Audio(Object|Hardware|Device|Stream)[A-Z]\w+")
_SYSTEM = re.compile(r"lib(c|m|dl|rt|util|pthread|gcc_s|stdc\+\+)\.so\.\d+|ld-linux.*|/usr/lib/.+|/System/Library/.+")
_INSIDE = ("@loader_path/", "@rpath/", "$ORIGIN/")


def _info(s):
    """The dictionary of Info.plist."""
    try:
        return _loader.read_plist(s.path)
    except UsageError as error:
        raise Blocked("bundle-info-plist", str(error)) from None


@rule(
    "bundle-info-plist",
    "Info.plist is a property list that holds a dictionary.",
    "The folder is not taken for a bundle; no device appears and no log line says why.",
)
def bundle_info_plist(s):
    try:
        _loader.read_plist(s.path)
    except UsageError as error:
        raise Failure(str(error).replace(f"{s.path}/", ""), error.hint) from None


@rule(
    "bundle-keys",
    f"Info.plist has the {len(_REQUIRED)} keys that a plug-in host reads.",
    "The driver is not loaded; no device appears and no log line says why.",
)
def bundle_keys(s):
    info = _info(s)
    missing = [key for key in _REQUIRED if not info.get(key)]
    require(not missing, f"Info.plist lacks {', '.join(missing)}")


@rule(
    "bundle-package-type",
    "CFBundlePackageType is 'BNDL'.",
    "The folder is not taken for a bundle; no device appears.",
    reference="C1.1",
)
def bundle_package_type(s):
    found = _info(s).get("CFBundlePackageType")
    require(found in (None, "", "BNDL"), f"CFBundlePackageType is {found!r}, not 'BNDL'")


@rule(
    "bundle-suffix",
    "The folder is named NAME.driver.",
    "coreaudiod does not look at it; no device appears.",
    "BlackHole #196",
)
def bundle_suffix(s):
    require(s.path.name.endswith(".driver"), f"the bundle is named {s.path.name}", "Rename it to NAME.driver.")


@rule(
    "bundle-identifier",
    "CFBundleIdentifier is in reverse-DNS form, such as com.example.MyDriver.",
    "Two drivers are taken for one: only one appears, or audio goes to the wrong one.",
    "BlackHole #68, #214",
)
def bundle_identifier(s):
    found = _info(s).get("CFBundleIdentifier")
    if found:
        require(isinstance(found, str) and _IDENTIFIER.fullmatch(found), f"CFBundleIdentifier is {found!r}")


@rule(
    "bundle-factory-registered",
    "CFPlugInTypes lists, for the type 443ABAB8-E7B3-491A-B985-BEB9187030DB, factories that CFPlugInFactories names.",
    "The driver is not loaded; no device appears.",
)
def bundle_factory_registered(s):
    info = _info(s)
    types, factories = info.get("CFPlugInTypes"), info.get("CFPlugInFactories")
    listed = types.get(str(_loader.TYPE_UUID).upper()) if isinstance(types, dict) else None
    require(isinstance(listed, list) and listed, f"CFPlugInTypes has no list for {str(_loader.TYPE_UUID).upper()}")
    names = factories if isinstance(factories, dict) else {}
    unknown = [item for item in listed if not isinstance(names.get(item), str) or not names[item]]
    require(not unknown, f"CFPlugInFactories names no function for {unknown[0] if unknown else ''}")


@rule(
    "bundle-factory-uuid",
    "Every factory has a UUID of its own: well formed, not zero, not the type's.",
    "Another driver with the same factory UUID appears in its place.",
    "BlackHole #68",
)
def bundle_factory_uuid(s):
    factories = _info(s).get("CFPlugInFactories")
    for text in factories if isinstance(factories, dict) else ():
        try:
            number = uuid.UUID(text)
        except ValueError:
            number = None
        require(number is not None and str(number).upper() == text.upper(), f"{text!r} is no UUID")
        require(number.int and number != _loader.TYPE_UUID, f"{text} is not a UUID of the driver's own")


@rule(
    "bundle-executable",
    "Contents/MacOS holds the file that CFBundleExecutable names, and it is executable.",
    "The driver is not loaded; no device appears.",
    "BlackHole #278, #793",
)
def bundle_executable(s):
    path = s.path / "Contents" / "MacOS" / str(_info(s).get("CFBundleExecutable"))
    require(path.is_file(), f"there is no file Contents/MacOS/{path.name}")
    require(path.stat().st_mode & 0o111, f"Contents/MacOS/{path.name} is not executable")


@rule(
    "bundle-permissions",
    "Everybody may read every file of the bundle and enter every folder (modes 644 and 755).",
    "coreaudiod runs as another user and cannot read the driver; no device appears.",
    "BlackHole #239, #625",
)
def bundle_permissions(s):
    for path in [s.path, *sorted(s.path.rglob("*"))]:
        mode, wanted = stat.S_IMODE(path.stat().st_mode), 0o555 if path.is_dir() else 0o444
        where = path.relative_to(s.path.parent)
        require(mode & wanted == wanted, f"{where} has the mode {mode:o}", "chmod -R a+rX NAME.driver")
        require(not mode & 0o002, f"{where} has the mode {mode:o}: everybody may change it", "chmod -R o-w NAME.driver")


@rule(
    "bundle-services",
    "AudioServerPlugIn_MachServices is a list of names and AudioServerPlugIn_Network a boolean, where they are there.",
    "The driver cannot reach its application: the sandbox refuses the connection.",
    "Apple QA1811, BGM #72",
    reference="C10",
)
def bundle_services(s):
    info = _info(s)
    services = info.get("AudioServerPlugIn_MachServices", [])
    fine = isinstance(services, list) and all(isinstance(item, str) and item for item in services)
    require(fine, f"AudioServerPlugIn_MachServices is {services!r}")
    network = info.get("AudioServerPlugIn_Network", False)
    require(isinstance(network, bool), f"AudioServerPlugIn_Network is {network!r}")


# --- the binary -------------------------------------------------------------------


def _slices(s):
    """What the binary says of itself, one per architecture."""
    try:
        from tympan.bundle import binary
    except ImportError:
        raise Skip("tympan.bundle, which reads binaries, is not installed") from None
    path = s.path / "Contents" / "MacOS" / str(_info(s).get("CFBundleExecutable"))
    if not path.is_file():
        raise Blocked("bundle-executable", "there is no binary")
    try:
        return binary.read(path)
    except UsageError as error:
        raise Blocked("binary-loads", str(error)) from None


@rule(
    "binary-loads",
    "The binary is a whole ELF or Mach-O file that the system's loader takes, with every symbol that it needs.",
    "The driver is not loaded; no device appears.",
    reference="C1.2",
)
def binary_loads(s):
    try:
        _loader.open_binary(s.bundle)
    except UsageError as error:
        require("has no binary" in str(error), str(error), error.hint)
        raise Blocked("bundle-executable", str(error)) from None


@rule(
    "binary-exports-factory",
    "The binary exports the factory function that Info.plist names.",
    "The driver is not loaded; no device appears.",
    reference="C1.1",
)
def binary_exports_factory(s):
    factory = s.bundle.factory
    for part in _slices(s):
        require(factory in part.exports, f"the {part.machine} binary does not export {factory}")


@rule(
    "binary-exports-nothing-else",
    "The binary exports the factory and no other symbol.",
    "Two drivers in one process use each other's functions: crashes that depend on what else is installed.",
    reference="C1.2",
)
def binary_exports_nothing_else(s):
    factories = set(_info(s).get("CFPlugInFactories") or ())
    named = {(_info(s).get("CFPlugInFactories") or {})[key] for key in factories}
    for part in _slices(s):
        others = [name for name in part.exports if name not in named]
        shown = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
        advise(not others, f"the binary exports {shown} besides the factory", "Link with an export list.")


@rule(
    "binary-system-libraries",
    "The binary needs only libraries of the system or of the bundle.",
    "The driver loads on the machine that built it and on no other.",
    reference="C1.2",
)
def binary_system_libraries(s):
    for part in _slices(s):
        foreign = [name for name in part.libraries if not _SYSTEM.fullmatch(name) and not name.startswith(_INSIDE)]
        own = {path.name for path in (s.path / "Contents" / "Frameworks").glob("*")}
        foreign = [name for name in foreign if name not in own]
        require(not foreign, f"the binary needs {', '.join(foreign)}", "Carry it in Contents/Frameworks.")


@rule(
    "binary-type",
    "The Mach-O file is of the type MH_BUNDLE; an ELF file is a shared object.",
    "The driver looks loaded, and none of its code runs.",
    "AppFaders, lesson 1",
    reference="C1.2",
)
def binary_type(s):
    for part in _slices(s):
        require(part.kind in ("BUNDLE", "DYN", "DYLIB"), f"the binary is of the type {part.kind}")
        advise(part.kind != "DYLIB", "the binary is an MH_DYLIB", "Link with -bundle.")


@rule(
    "binary-no-client-calls",
    "The binary does not use the client side of the HAL (AudioObject…, AudioHardware…, AudioDevice…).",
    "The sound system stops answering: a call of the HAL from inside the HAL waits for itself.",
    "proxy-audio-device",
    reference="C10",
)
def binary_no_client_calls(s):
    for part in _slices(s):
        used = sorted(name for name, _ in part.imports if _CLIENT_API.fullmatch(name))
        require(not used, f"the binary calls {', '.join(used[:3])}", "A driver answers the HAL and does not ask it.")
