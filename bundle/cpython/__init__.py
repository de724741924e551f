"""A minimal static CPython, built from source for each system that bundles are made for.

macOS's Pythons are frameworks: they have no static library, and none of them
is on the machine that builds for a Mac elsewhere. What is built here is kept
in the bundler's cache, named by its content, until somebody removes it.
"""

from tympan.bundle.cpython.build import build_runtime
from tympan.bundle.cpython.source import download
from tympan.bundle.cpython.store import Built, find, present

__all__ = ["Built", "build_runtime", "download", "find", "present"]
