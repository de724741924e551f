"""A universal file: a table of processors, and a complete Mach-O file for each."""

import struct
from pathlib import Path

MAGIC = 0xCAFEBABE
#: CPU_TYPE and CPU_SUBTYPE_ALL of <mach/machine.h>, and the page size to which the file must be aligned.
PROCESSORS = {"x86_64": (0x01000007, 3, 12), "arm64": (0x0100000C, 0, 14)}


def join(slices, output):
    """Write one file of ``slices``, [(architecture, path)]; each slice keeps its bytes, and so its signature."""
    at, rows, parts = 8 + 20 * len(slices), [], []
    for architecture, path in slices:
        processor, subtype, alignment = PROCESSORS[architecture]
        data = Path(path).read_bytes()
        padding = -at % (1 << alignment)
        rows.append(struct.pack(">5I", processor, subtype, at + padding, len(data), alignment))
        parts += [bytes(padding), data]
        at += padding + len(data)
    Path(output).write_bytes(b"".join([struct.pack(">2I", MAGIC, len(slices)), *rows, *parts]))
    Path(output).chmod(0o755)
