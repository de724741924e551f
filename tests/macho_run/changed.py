"""Slices with other code in them than was built: what is heard, or answered, must be something else."""

from tympan.bundle.macho import slices
from tympan.bundle.realtime import unstripped

#: arm64's fmul of one float: the bits that stand for it, and the bit that makes it fadd.
ARM_MASK, ARM_FMUL, ARM_SUM = 0xFFE0FC00, 0x1E200800, 0x2000


def x86_sums(code):
    """mulps, mulss, mulpd and mulsd become additions, by one byte of each."""
    return code.replace(b"\x0f\x59", b"\x0f\x58")


def arm_sums(code):
    """The same for arm64, word by word."""
    words = [int.from_bytes(code[at : at + 4], "little") for at in range(0, len(code), 4)]
    words = [word ^ ARM_SUM if word & ARM_MASK == ARM_FMUL else word for word in words]
    return b"".join(word.to_bytes(4, "little") for word in words)


SUMS = {"x86_64": x86_sums, "arm64": arm_sums}


def function(part, name):
    """(first byte, end) of a function in a slice that has names, by the end of its own."""
    addresses = sorted({item.value for item in part.macho.symbols if item.value})
    (start,) = [item.value for item in part.macho.symbols if item.name.endswith(name)]
    return start, next(address for address in addresses if address > start)


def change_kernel(file, names, processor):
    """Change Gain.process_io in a binary; ``names``: the bundle as it was built, for this processor first."""
    (part,) = [part for part in slices.read(file) if part.name == processor]
    (named,) = slices.read(unstripped(names))
    start, end = function(named, "Gain_process_io")
    data = bytearray(file.read_bytes())
    at = bytes(data).index(part.data)
    code = bytes(data[at + start : at + end])
    assert SUMS[processor](code) != code
    data[at + start : at + end] = SUMS[processor](code)
    file.write_bytes(data)
