"""From a driver's .pyx to a ``.driver`` bundle: compile, link, check that it is realtime-safe, lay out, verify.

Everything here runs on the developer's machine; nothing of it is inside a bundle.
"""

from tympan.bundle.build import build_bundle
from tympan.bundle.compile import build_extension, import_driver
from tympan.bundle.config import BundleConfig
from tympan.bundle.realtime import allowances, check_realtime
from tympan.bundle.verify import verify_bundle, verify_macho

__all__ = [
    "BundleConfig", "allowances", "build_bundle", "build_extension", "check_realtime", "import_driver", "verify_bundle",
    "verify_macho",
]  # fmt: skip
