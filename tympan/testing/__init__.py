"""The simulated HAL: run a driver on any system, without coreaudiod.

::

    from tympan.testing import Host

    with Host() as hal:
        device = hal.load("dist/Gain.driver").devices[0]
        out = device.render(audio)          # float32 (frames, channels)

Importing this package loads the platform library, which supplies CoreFoundation,
mach time and dispatch queues off macOS; so import it before ``tympan._hal``.
"""

import os
import sys


def _load_platform():
    """Import ``_platform`` with its symbols visible to everything that is loaded later."""
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)
    try:
        import tympan.testing._platform  # noqa: F401
    finally:
        sys.setdlopenflags(flags)


_load_platform()

from tympan._errors import HostError, OSStatus, UsageError  # noqa: E402
from tympan.testing._guard import RealtimeViolation, permit_alloc  # noqa: E402
from tympan.testing._session import Host  # noqa: E402

__all__ = ["Host", "HostError", "OSStatus", "RealtimeViolation", "UsageError", "permit_alloc"]
