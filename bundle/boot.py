"""Runs inside every bundle, frozen, before the driver is imported.

The core's modules are built into the binary under dotted names, such as
``tympan._hal``. Before Python 3.11.4 the finder of built-in modules knew only
names without a dot; this one knows both.
"""

import _imp
import sys
from _frozen_importlib import BuiltinImporter, spec_from_loader


class DottedImporter:
    """Finds a built-in module that is part of a package."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """The spec of a module that was linked into the binary."""
        if path is not None and _imp.is_builtin(name):
            return spec_from_loader(name, BuiltinImporter, origin="built-in")
        return None


sys.meta_path.insert(0, DottedImporter)
