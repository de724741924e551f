"""Run as a program by a process that is about to abort: reads its record, writes the report to stderr."""

import sys
from pathlib import Path


def read(lines):
    """The Violation that die.c wrote down."""
    from assert_no_alloc._violation import Violation

    kind, function, thread_id, thread, section = next(lines).rstrip("\n").split("\t")
    places = []
    for line in lines:
        address, base, start, path, symbol = line.rstrip("\n").split("\t")
        places.append((int(address, 16), path or None, int(base, 16), symbol or None, int(start, 16)))
    return Violation(int(kind), function, int(thread_id), thread, 1, tuple(places), int(section))


def main():
    """Print and answer 0, so that the caller knows it need not."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    text = f"assert_no_alloc: forbidden call in a guarded section; aborting\n\n{read(sys.stdin)}\n"
    sys.stderr.write(text)


if __name__ == "__main__":
    main()
