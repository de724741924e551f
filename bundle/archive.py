"""Which C modules are in a static library: read from its index, without a tool such as nm."""

import re

#: Modules whose initialiser has another name, or none: the interpreter makes those two itself.
SPECIAL = {"marshal": "PyMarshal_Init", "_warnings": "_PyWarnings_Init", "builtins": None, "sys": None}

_HEADER = 60
_INITIALISER = re.compile(rb"\0_?PyInit_(\w+)(?=\0)")


def index(library):
    """The bytes of the first member: a list of every symbol that the library defines (GNU and BSD)."""
    with open(library, "rb") as file:
        header = file.read(8 + _HEADER)
        size = header[56:66]
        return file.read(int(size)) if header.startswith(b"!<arch>\n") and size.strip().isdigit() else b""


def modules(library):
    """The names of the extension modules inside a static libpython."""
    found = {match.decode() for match in _INITIALISER.findall(b"\0" + index(library))}
    return frozenset(found | set(SPECIAL)) if found else frozenset()


def initialiser(module):
    """The C function that makes a built-in module, or None when the interpreter does."""
    return SPECIAL.get(module, f"PyInit_{module.rpartition('.')[2]}")


def is_archive(library):
    """Whether a file is a static library: in a framework, libpython3.11.a is a link to the shared one."""
    with open(library, "rb") as file:
        return file.read(8) == b"!<arch>\n"
