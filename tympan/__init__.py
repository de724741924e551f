"""tympan: macOS audio drivers (AudioServerPlugIns) in Python syntax.

Python names are here; ``from tympan cimport Driver, IoBuffer, IoOperation,
RealtimeContext`` has the names for IO code. Inside every bundle this file is
frozen, so it imports nothing else; the realtime primitives, which most bundles
do not have, controls and what follows are imported when they are first used.
"""

from tympan._driver import Control, Driver, IoOperation
from tympan._errors import HalError, OSStatus, SpecError, TympanError
from tympan._spec import COMMON_SAMPLE_RATES, DeviceSpec
from tympan._stream_spec import StreamFormat, StreamSpec

__version__ = "0.1.0"  # also read by pyproject.toml

__all__ = [
    "COMMON_SAMPLE_RATES",
    "Control",
    "ControlSpec",
    "CustomProperty",
    "DeviceSpec",
    "DoubleBuffer",
    "Driver",
    "HalError",
    "IoOperation",
    "LogSink",
    "OSStatus",
    "Parameter",
    "PropertySpec",
    "SampleRing",
    "Setting",
    "SmoothedParameter",
    "SpecError",
    "StreamFormat",
    "StreamSpec",
    "StructRing",
    "TympanError",
    "connect",
    "get_include",
]

_PRIMITIVES = {
    "DoubleBuffer": "_buffers",
    "LogSink": "_log_sink",
    "Parameter": "_parameters",
    "SampleRing": "_buffers",
    "SmoothedParameter": "_parameters",
    "StructRing": "_buffers",
}

_LATER = {
    **_PRIMITIVES,
    "ControlSpec": "_control_spec",
    "CustomProperty": "_property_spec",
    "PropertySpec": "_property_spec",
    "Setting": "_setting",
    "connect": "_client",
}


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError(f"module 'tympan' has no attribute {name!r}")
    module = __import__(f"tympan.{_LATER[name]}", None, None, [name])
    found = globals()[name] = getattr(module, name)
    return found


def get_include():
    """The folder for ``-I`` of both Cython (it holds ``tympan/*.pxd``) and, with
    ``/tympan`` added, the C compiler."""
    return __file__.rpartition("tympan")[0].rstrip("/\\") or "."
