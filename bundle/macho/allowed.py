"""What a bundle may import: the lists of the linker's stubs, read here as the verifier's allow list."""

import functools
import re

from tympan.bundle.macho.link import STUBS
from tympan.bundle.macho.universal import PROCESSORS

__all__ = ["CLIENT_API", "PROCESSORS", "is_allowed", "stubs"]

#: The client side of the HAL, which a driver answers and must not ask; and what is built on it.
CLIENT_API = re.compile(
    r"_(Audio(Object|Hardware|Device|Stream|Unit|Component|Queue|File|Converter|OutputUnit|Toolbox|Session)|AUGraph)\w*"
)

_LINE = re.compile(r"^\s*- targets: \[ ([^\]]+) \]\n\s*symbols: \[ ([^\]]+) \]", re.MULTILINE)


class Stub:
    """One library: its ``install_name``, and the symbols each processor may take from it."""

    def __init__(self, path):
        text = path.read_text(encoding="ascii")
        self.install_name = re.search(r"^install-name: '([^']+)'", text, re.MULTILINE)[1]
        self.symbols = {"x86_64": set(), "arm64": set()}
        for targets, names in _LINE.findall(text):
            for target in targets.split(", "):
                found = (name.strip().strip("'") for name in names.split(","))
                self.symbols[target.removesuffix("-macos")].update(found)


@functools.cache
def stubs():
    """{install name: ``Stub``}."""
    return {stub.install_name: stub for stub in map(Stub, STUBS)}


def is_allowed(name, library, processor):
    """Whether a symbol is on the list of its library."""
    stub = stubs().get(library)
    return stub is not None and name in stub.symbols.get(processor, ())
