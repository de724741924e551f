"""tympan: macOS audio drivers (AudioServerPlugIns) in Python syntax.

Python names are here; ``from tympan cimport Driver, IoBuffer, IoOperation,
RealtimeContext`` has the names for IO code. Inside every bundle this file is
frozen, so it imports nothing else.
"""

from tympan._driver import Driver, IoOperation
from tympan._errors import HalError, OSStatus, SpecError, TympanError
from tympan._spec import COMMON_SAMPLE_RATES, DeviceSpec, StreamFormat, StreamSpec

__version__ = "0.1.0"  # also read by pyproject.toml

__all__ = [
    "COMMON_SAMPLE_RATES",
    "DeviceSpec",
    "Driver",
    "HalError",
    "IoOperation",
    "OSStatus",
    "SpecError",
    "StreamFormat",
    "StreamSpec",
    "TympanError",
    "get_include",
]


def get_include():
    """The folder for ``-I`` of both Cython (it holds ``tympan/*.pxd``) and, with
    ``/tympan`` added, the C compiler."""
    return __file__.rpartition("tympan")[0].rstrip("/\\") or "."
