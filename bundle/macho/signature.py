"""A code signature, read as the kernel reads it: the hash of every page, compared with the page.

The format is in Apple's open source (cs_blobs.h): big-endian tables, the
first of which names a CodeDirectory.
"""

import hashlib
import struct

SUPER_BLOB, DIRECTORY = 0xFADE0CC0, 0xFADE0C02
SLOT_DIRECTORY, SLOT_CMS = 0, 0x10000
#: Number of a special slot -> the file of the bundle that its hash is of.
SPECIAL = {1: "Info.plist", 3: "_CodeSignature/CodeResources"}
ADHOC = 0x2
HASHES = {1: (hashlib.sha1, 20), 2: (hashlib.sha256, 32)}


class Signature:
    """What the signature of one slice says."""

    def __init__(self, slots, directory):
        self.slots = slots
        fields = struct.unpack_from(">9I4BI", directory)
        (_, _, _, self.flags, self.hashes_at, _, self.special, self.pages, self.limit) = fields[:9]
        self.hash_size, self.kind, _, self.page_bits, _ = fields[9:]
        self.directory = directory

    @property
    def is_adhoc(self):
        """Signed by nobody in particular."""
        return bool(self.flags & ADHOC)

    def page_hash(self, number):
        """The hash kept for a page, or for a special slot by its negative number."""
        at = self.hashes_at + number * self.hash_size
        return self.directory[at : at + self.hash_size]


def problems(part, contents):
    """Sentences, without a subject, about what is wrong with the signature of a ``Slice``; ``contents``: the folder."""
    commands = part.commands("CODE_SIGNATURE")
    if len(commands) != 1:
        yield "is not signed"
        return
    at, size = commands[0].data_offset, commands[0].data_size
    if at + size != len(part.data):
        yield "has a code signature that does not end where the slice ends"
        return
    found = read(part.data[at:])
    if found is None:
        yield "has a code signature that cannot be read"
        return
    yield from judged(found, part, at, contents)


def judged(found, part, at, contents):
    """The same for a signature that can be read."""
    function, size = HASHES.get(found.kind, (None, 0))
    if function is None or size != found.hash_size or not 9 <= found.page_bits <= 16:
        yield "is signed in a way that macOS does not know"
        return
    page = 1 << found.page_bits
    if found.limit != at or found.pages != -(-found.limit // page):
        yield "has a code signature that does not cover all of its code"
        return
    if not found.is_adhoc and SLOT_CMS not in found.slots:
        yield "is signed neither ad hoc nor by an identity"
    wrong = [
        number for number in range(found.pages)
        if function(part.data[number * page : min((number + 1) * page, at)]).digest() != found.page_hash(number)
    ]  # fmt: skip
    if wrong:
        yield f"was changed after it was signed: the hash of page {wrong[0]} does not match"
    for slot, name in SPECIAL.items():
        yield from special(found, slot, name, contents, function)


def special(found, slot, name, contents, function):
    """A hash of a file beside the binary."""
    if slot > found.special or not any(found.page_hash(-slot)):
        return
    file = contents / name
    if not file.is_file() or function(file.read_bytes()).digest() != found.page_hash(-slot):
        yield f"was signed with another {name}"


def read(data):
    """The ``Signature`` in the bytes of the command, or None."""
    try:
        magic, length, count = struct.unpack_from(">3I", data)
        if magic != SUPER_BLOB or length > len(data) or count > 32:
            return None
        slots = dict(struct.unpack_from(">2I", data, 12 + 8 * number) for number in range(count))
        at = slots[SLOT_DIRECTORY]
        magic, size = struct.unpack_from(">2I", data, at)
        return Signature(slots, data[at : at + size]) if magic == DIRECTORY and at + size <= length else None
    except (struct.error, KeyError):
        return None
