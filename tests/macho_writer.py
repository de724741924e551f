"""Writes small Mach-O bundles byte by byte, so that each thing in them can be wrong; after Apple's <mach-o/loader.h>.

No linker is needed, and nothing of the bundler's is used: what it reads back was written by somebody else.
"""

import hashlib
import struct

PROCESSORS = {"x86_64": (0x01000007, 3), "arm64": (0x0100000C, 0), "arm64e": (0x0100000C, 2), "i386": (7, 3)}
BUNDLE, DYLIB, EXECUTE = 8, 6, 2
SYSTEM = "/usr/lib/libSystem.B.dylib"
FOUNDATION = "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation"
LOAD_DYLIB, LOAD_WEAK_DYLIB, REEXPORT_DYLIB = 0xC, 0x80000018, 0x8000001F
NOUNDEFS, DYLDLINK, TWOLEVEL = 1, 4, 0x80
PAGE = 0x4000
MACOS, IOS = 1, 2


class Import:
    """A symbol from outside: ``library`` counts from 1, -2 is any; ``weak`` may be missing."""

    def __init__(self, name, library=1, weak=False):
        self.name, self.library, self.weak = name, library, weak


class Macho:
    """One slice; change its attributes, then ask for ``bytes()``."""

    def __init__(self, processor="arm64"):
        self.processor, self.kind, self.flags = processor, BUNDLE, NOUNDEFS | DYLDLINK | TWOLEVEL
        self.exports = ["_TympanFactory"]
        self.public = None  # names that the symbol table says are public; None: the same
        self.libraries = [(LOAD_DYLIB, SYSTEM), (LOAD_DYLIB, FOUNDATION)]
        self.imports = [Import("_malloc"), Import("_CFRelease", 2)]
        self.rpaths, self.minimum, self.platform = [], (12, 0), MACOS
        self.own_name = None  # LC_ID_DYLIB
        self.protection = 5  # of __TEXT: read and run
        self.signed, self.sign_flags, self.page_bits, self.special = True, 0x20002, 12, {}
        self.lazy = False  # whether the imports are bound when they are first called

    def bytes(self):
        """The file."""
        link = self.link_edit()
        size = len(link["all"])
        commands = self.commands(link, size, 0)
        at = 2 * PAGE + size + -size % 16
        if self.signed:
            length = len(self.signature(b"", at))
            commands = self.commands(link, at - 2 * PAGE + length, length)
        cpu, subtype = PROCESSORS[self.processor]
        header = struct.pack(
            "<8I", 0xFEEDFACF, cpu, subtype, self.kind, len(commands), sum(map(len, commands)), self.flags, 0
        )
        head = header + b"".join(commands)
        body = head + bytes(PAGE // 2 - len(head)) + b"\xc3" * 16
        body += bytes(2 * PAGE - len(body)) + link["all"]
        body += bytes(at - len(body))
        return body + (self.signature(body, at) if self.signed else b"")

    def commands(self, link, size, signature):
        """All load commands."""
        return [
            segment("__TEXT", 0, 0, PAGE, self.protection, [("__text", PAGE // 2, 16, 0x80000400)]),
            segment("__DATA", PAGE, PAGE, PAGE, 3, [("__got", PAGE, 8 * max(1, len(self.imports)), 6)]),
            segment("__LINKEDIT", 2 * PAGE, 2 * PAGE, size, 1, []),
            self.dyld_info(link),
            struct.pack("<6I", 0x2, 24, *link["symbols"], *link["strings"]),
            struct.pack("<20I", 0xB, 80, 0, 0, 0, link["public"], link["public"], link["undefined"], *([0] * 12)),
            *([named(0xD, self.own_name, 24)] if self.own_name else []),
            struct.pack("<2I16s", 0x1B, 24, hashlib.md5(self.processor.encode()).digest()),
            *self.version(),
            *(named(kind, name, 24) for kind, name in self.libraries),
            *(named(0x8000001C, name, 12) for name in self.rpaths),
            *([struct.pack("<4I", 0x1D, 16, 2 * PAGE + size - signature, signature)] if signature else []),
        ]

    def version(self):
        """LC_BUILD_VERSION."""
        if self.minimum is None:
            return []
        number = self.minimum[0] << 16 | self.minimum[1] << 8
        return [struct.pack("<6I", 0x32, 24, self.platform, number, 14 << 16, 0)]

    def dyld_info(self, link):
        """LC_DYLD_INFO_ONLY: rebase, bind, weak, lazy, export."""
        bind, lazy = ((0, 0), link["bind"]) if self.lazy else (link["bind"], (0, 0))
        return struct.pack("<12I", 0x80000022, 48, 0, 0, *bind, 0, 0, *lazy, *link["trie"])

    def link_edit(self):
        """What lies in __LINKEDIT: {name: (offset, size)}, and the bytes of ``all``."""
        public = self.exports if self.public is None else self.public
        symbols, strings = [], b" \0"
        for name in public:
            symbols.append(struct.pack("<IBBHQ", len(strings), 0x0F, 1, 0, PAGE // 2))
            strings += name.encode() + b"\0"
        for item in self.imports:
            description = (item.library & 0xFF) << 8 | (0x40 if item.weak else 0)
            symbols.append(struct.pack("<IBBHQ", len(strings), 0x01, 0, description, 0))
            strings += item.name.encode() + b"\0"
        parts, found = b"", {"public": len(public), "undefined": len(self.imports)}
        for name, data in (("bind", self.bindings()), ("trie", trie(self.exports))):
            found[name] = (2 * PAGE + len(parts), len(data))
            parts += data + bytes(-len(data) % 8)
        found["symbols"] = (2 * PAGE + len(parts), len(symbols))
        parts += b"".join(symbols)
        found["strings"] = (2 * PAGE + len(parts), len(strings))
        return {**found, "all": parts + strings}

    def bindings(self):
        """The opcodes that fill the imports' pointers."""
        out = b"\x51"  # a pointer
        for number, item in enumerate(self.imports):
            out += bytes([0x10 | item.library if item.library > 0 else 0x30 | item.library & 0x0F])
            out += bytes([0x40 | (1 if item.weak else 0)]) + item.name.encode() + b"\0"
            out += b"\x71" + uleb(8 * number) + b"\x90"
        return out + b"\0"

    def signature(self, body, limit):
        """An ad-hoc signature as ld64 makes it; with an empty body only as long as it will be."""
        identity, page = b"Tiny\0", 1 << self.page_bits
        count, special = -(-limit // page), max(self.special, default=0)
        start = 88 + len(identity) + 32 * special
        pages = [body[at * page : min((at + 1) * page, limit)] for at in range(count)]
        directory = struct.pack(
            ">9I4BI", 0xFADE0C02, start + 32 * count, 0x20400, self.sign_flags, start, 88, special, count, limit,
            32, 2, 0, self.page_bits, 0,
        )  # fmt: skip
        directory = directory.ljust(88, b"\0")  # scatter, team, spare, limit64, executable segment: none
        directory += identity
        directory += b"".join(self.special.get(slot, bytes(32)) for slot in range(special, 0, -1))
        directory += b"".join(hashlib.sha256(data).digest() for data in pages)
        return struct.pack(">5I", 0xFADE0CC0, 20 + len(directory), 1, 0, 20) + directory


def segment(name, address, offset, size, protection, sections):
    """LC_SEGMENT_64."""
    rows = b"".join(
        struct.pack("<16s16sQQ8I", part.encode(), name.encode(), at, length, at, 4, 0, 0, kind, 0, 0, 0)
        for part, at, length, kind in sections
    )
    memory = size + -size % PAGE
    head = struct.pack(
        "<2I16s4Q4I", 0x19, 72 + len(rows), name.encode(), address, memory, offset, size, protection, protection,
        len(sections), 0,
    )  # fmt: skip
    return head + rows


def named(kind, name, start):
    """A load command with a text at ``start``: a library, or a folder."""
    text = name.encode() + b"\0"
    size = start + len(text) + -(start + len(text)) % 8
    middle = struct.pack("<3I", 2, 0x10000, 0x10000) if start == 24 else b""
    return (struct.pack("<3I", kind, size, start) + middle + text).ljust(size, b"\0")


def trie(names):
    """The export trie: one edge for each name."""
    if not names:
        return b"\0\0"
    leaf = bytes([3, 0]) + uleb(PAGE // 2) + b"\0"
    root = 2 + sum(len(name) + 2 + 1 for name in names)
    edges = b"".join(name.encode() + b"\0" + uleb(root + at * len(leaf)) for at, name in enumerate(names))
    assert root + len(names) * len(leaf) < 128
    return (bytes([0, len(names)]) + edges).ljust(root, b"\0") + leaf * len(names)


def uleb(number):
    """A number in LEB128."""
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def fat(slices):
    """A universal file of [(processor, bytes)]."""
    rows, body = b"", b""
    for processor, data in slices:
        body += bytes(-len(body) % PAGE)
        rows += struct.pack(">5I", *PROCESSORS[processor], PAGE + len(body), len(data), 14)
        body += data
    return (struct.pack(">2I", 0xCAFEBABE, len(slices)) + rows).ljust(PAGE, b"\0") + body
