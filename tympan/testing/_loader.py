"""From a bundle on disk to a driver reference, step by step as a CFPlugIn host does it."""

import ctypes
import os
import plistlib
import struct
import uuid
from pathlib import Path

from tympan._errors import UsageError
from tympan.testing import _host
from tympan.testing._status import host_error

#: kAudioServerPlugInTypeUUID: what CFPlugInTypes lists and the factory is asked for.
TYPE_UUID = uuid.UUID("443ABAB8-E7B3-491A-B985-BEB9187030DB")
#: kAudioServerPlugInDriverInterfaceUUID: what QueryInterface is asked for.
INTERFACE_UUID = uuid.UUID("EEA5773D-CC43-49F1-8E00-8F96E7D23B17")
#: IUnknownUUID.
UNKNOWN_UUID = uuid.UUID("00000000-0000-0000-C000-000000000046")

_loaded: dict[str, ctypes.CDLL] = {}  # executable -> ctypes library; images are never unloaded


class BundleInfo:
    """What Info.plist says: ``path``, ``info`` (dict), ``executable``, ``factory`` (symbol), ``factory_uuid``."""

    def __init__(self, path, info):
        self.path = path
        self.info = info
        self.executable = path / "Contents" / "MacOS" / _text(path, info, "CFBundleExecutable")
        self.factory_uuid = _factory_uuid(path, info)
        self.factory = _factory_symbol(path, info, self.factory_uuid)


def read_bundle(path):
    """The BundleInfo of a ``.driver`` folder; UsageError when it is none."""
    return BundleInfo(Path(path), read_plist(path))


def plist_file(path):
    """The path of a bundle's Info.plist; UsageError when there is none, so that ``path`` is no bundle at all."""
    path = Path(path)
    if not path.exists():
        raise UsageError(f"{path} does not exist", "Give the path of a .driver bundle.")
    if not path.is_dir():
        raise UsageError(
            f"{path} is not a bundle but a file", "A .driver is a folder; build one with `python -m tympan bundle`."
        )
    plist = path / "Contents" / "Info.plist"
    if not plist.is_file():
        raise UsageError(f"{path} has no Contents/Info.plist", "It is not a bundle, or a damaged one; build it again.")
    return plist


def read_plist(path):
    """The dictionary of a bundle's Info.plist; UsageError when there is none."""
    plist = plist_file(path)
    try:
        info = plistlib.loads(plist.read_bytes())
    except Exception as error:  # plistlib raises whatever its parsers raise
        raise UsageError(f"{plist} is not a property list: {error}", "Build the bundle again.") from None
    if not isinstance(info, dict):
        raise UsageError(f"{plist} holds no dictionary", "Build the bundle again.")
    return info


def is_readable(path):
    """Whether Info.plist is there and holds a dictionary."""
    try:
        read_plist(path)
    except UsageError:
        return False
    return True


def _text(path, info, key):
    value = info.get(key)
    if not isinstance(value, str) or not value or "/" in value:
        raise UsageError(
            f"the Info.plist of {path.name} has no usable {key}",
            "A driver's Info.plist names its binary, type and factory.",
        )
    return value


def _factory_uuid(path, info):
    types = info.get("CFPlugInTypes")
    factories = types.get(str(TYPE_UUID).upper()) if isinstance(types, dict) else None
    if not isinstance(factories, list) or not factories or not isinstance(factories[0], str):
        raise UsageError(
            f"the Info.plist of {path.name} does not list an audio driver: "
            f"CFPlugInTypes has no entry {str(TYPE_UUID).upper()}",
            "Only AudioServerPlugIns can be loaded.",
        )
    return factories[0]


def _factory_symbol(path, info, factory_uuid):
    factories = info.get("CFPlugInFactories")
    symbol = factories.get(factory_uuid) if isinstance(factories, dict) else None
    if not isinstance(symbol, str) or not symbol:
        raise UsageError(
            f"the Info.plist of {path.name} names no factory function: CFPlugInFactories has no entry {factory_uuid}",
            "CFPlugInTypes and CFPlugInFactories must name the same factory UUID.",
        )
    return symbol


def _dlopen_flags():
    """RTLD_LOCAL, and RTLD_DEEPBIND in place of macOS's two-level namespace.

    A sanitizer's allocator must see every malloc, so not under one; the same
    holds for LD_PRELOAD.
    """
    flags = os.RTLD_NOW | os.RTLD_LOCAL
    process = ctypes.CDLL(None)
    sanitized = any(hasattr(process, f"__{name}_init") for name in ("asan", "tsan", "msan", "rtsan"))
    if not sanitized and not os.environ.get("LD_PRELOAD"):
        flags |= getattr(os, "RTLD_DEEPBIND", 0)
    return flags


def open_binary(bundle):
    """dlopen the bundle's executable; the same image again for the same file."""
    executable = bundle.executable
    if not executable.is_file():
        raise UsageError(
            f"{bundle.path.name} has no binary Contents/MacOS/{executable.name}", "Build the bundle again."
        )
    key = str(executable.resolve())
    if key not in _loaded:
        _refuse_cut_short(bundle.path.name, executable)
        try:
            _loaded[key] = ctypes.CDLL(key, mode=_dlopen_flags())
        except OSError as error:
            reason = str(error).replace(f"{key}: ", "")
            raise UsageError(
                f"the binary of {bundle.path.name} cannot be loaded: {reason}", _load_hint(executable)
            ) from None
    return _loaded[key]


def _refuse_cut_short(name, executable):
    """The loader maps what an ELF header promises, and dies of SIGBUS where the file ends before."""
    with executable.open("rb") as file:
        header = file.read(64)
        if len(header) < 64 or header[:6] != b"\x7fELF\x02\x01":
            return  # not a 64-bit little-endian ELF: dlopen has a sentence for it
        offset, size, count = *struct.unpack_from("<Q", header, 32), *struct.unpack_from("<HH", header, 54)
        file.seek(offset)
        table = file.read(size * count)
    places = [struct.unpack_from("<QQQQ", table, at + 8) for at in range(0, len(table) - 55, size)]
    if len(table) < size * count or any(start + length > executable.stat().st_size for start, _, _, length in places):
        raise UsageError(f"the binary of {name} is cut short", "Build or copy the bundle again.")


def _load_hint(executable):
    with executable.open("rb") as file:
        magic = file.read(4)
    foreign = magic in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
    if foreign and os.uname().sysname != "Darwin":
        return "it was built for macOS; build it on this machine to try it here"
    return "build the bundle again on this machine"


def factory_address(bundle):
    """The address of the factory function that Info.plist names."""
    library = open_binary(bundle)
    try:
        function = getattr(library, bundle.factory)
    except AttributeError:
        raise UsageError(
            f"the binary of {bundle.path.name} exports no function {bundle.factory}, "
            "which its Info.plist names as the factory",
            "Build the bundle again.",
        ) from None
    return ctypes.cast(function, ctypes.c_void_p).value


def create_from_bundle(bundle):
    """factory(NULL, type): the address of a driver reference that the caller owns."""
    address = _host.call_factory(factory_address(bundle), TYPE_UUID.bytes)
    if not address:
        raise host_error(
            f"the factory {bundle.factory} of {bundle.path.name} answered NULL",
            "The log (hal.log) may say why the driver could not be made.",
        )
    return address


def query_driver(table):
    """QueryInterface for the driver interface, then Release of the factory's reference: a new Table."""
    missing = table.missing()
    if missing:
        raise host_error(
            f"slots {missing} of the driver's table are NULL", "Every function of the table must be there."
        )
    status, address = table.query_interface(INTERFACE_UUID.bytes)
    if status or not address:
        raise host_error(f"QueryInterface for the driver interface answered {status & 0xFFFFFFFF:#x}", "", status)
    table.release()
    return _host.Table(address)
