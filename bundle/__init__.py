"""From a driver's .pyx to a ``.driver`` bundle: compile, link, check that it is realtime-safe, lay out, verify.

Everything here runs on the developer's machine; nothing of it is inside a bundle.
"""

from tympan.bundle.build import build_bundle
from tympan.bundle.compile import build_extension, import_driver
from tympan.bundle.config import BundleConfig
from tympan.bundle.macho import is_macho
from tympan.bundle.realtime import allowances, check_realtime
from tympan.bundle.verify import verify_bundle

__all__ = [
    "BundleConfig", "allowances", "build_bundle", "build_extension", "check_realtime", "import_driver", "is_macho",
    "verify_bundle",
]  # fmt: skip
