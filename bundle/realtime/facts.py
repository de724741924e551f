"""What the sources tell of a binary's code: the .pyx line of each instruction, and the methods that a line calls.

Made from the objects before they are linked, by function name, so that it
holds for a stripped binary too. JSON keeps it beside a bundle's code.
"""

import bisect
import json
from pathlib import Path

from tympan.bundle.realtime import names
from tympan.bundle.realtime.ctext import CText

#: Functions of an object whose lines nobody asks for: Cython's wrappers and helpers.
UNWANTED = ("__pyx_pw", "__pyx_pf", "__pyx_tp", "__Pyx", "__pyx_pymod", "PyInit", "__pyx_memoryview", "__pyx_get")


class Facts:
    """What is known of one binary.

    ``rows``: function -> [(offset, file, line, owner, calls)], calls None inside
    Cython's helpers. ``bases``: class -> base. ``symbols``: of a binary that
    was stripped since. ``generated``: findings of net (a) when it was made.
    """

    def __init__(self, rows=None, bases=None, symbols=None, generated=()):
        self.rows, self.bases, self.symbols = rows or {}, bases or {}, symbols or []
        self.generated = list(generated)  # findings of net (a), made when the bundle was
        self.image = None

    def attach(self, image):
        """Answer these facts, about ``image``; names come from here when the binary has none."""
        self.image = image
        if self.symbols and image.stripped:
            image.name_symbols([tuple(item) for item in self.symbols])
        return self

    def merge(self, other):
        """Take another object's facts in; what is there already stays."""
        self.rows = {**other.rows, **self.rows}
        self.bases = {**other.bases, **self.bases}

    def row(self, address):
        """The row of an instruction, or None."""
        function = self.image.function(address)
        rows = self.rows.get(function.name) if function else None
        if not rows or function.name in self.image.ambiguous:
            return None
        index = bisect.bisect_right(rows, address - function.start, key=lambda row: row[0]) - 1
        return rows[max(index, 0)]

    def place(self, address):
        """(file, line) of an instruction, ("", 0) when unknown."""
        row = self.row(address)
        return (row[1], row[2]) if row else ("", 0)

    def owner(self, address):
        """The C function whose text an instruction was made of: another one than it is in, when that was inlined."""
        row = self.row(address)
        return row[3] if row else ""

    def virtual(self, address):
        """[(class, offset)] of the methods that the instruction's line calls."""
        row = self.row(address)
        return [tuple(item) for item in row[4] or ()] if row else []

    def is_helper(self, address):
        """Whether an instruction was made of Cython's own helpers, inlined."""
        row = self.row(address)
        return row is not None and row[4] is None

    def as_json(self):
        """Text that ``from_json`` reads."""
        return json.dumps({key: getattr(self, key) for key in ("rows", "bases", "symbols", "generated")})


def from_json(text):
    """The facts of ``as_json``."""
    return Facts(**json.loads(text))


def of_object(lines, c_path, sources=()):
    """The facts of one object: ``lines`` of objects.lines(), the C it was compiled from, the files that C came from."""
    text = CText(Path(c_path).read_text(encoding="utf-8", errors="replace"))
    own, verbatim = Path(c_path).name, written(sources)
    wanted = {name: part for name, part in lines.items() if not name.startswith(UNWANTED)}
    rows = {name: list(translate(part, text, own, verbatim)) for name, part in wanted.items()}
    return Facts({name: part for name, part in rows.items() if part}, text.bases)


def written(sources):
    """{line without spaces at its ends: (file, line)} of what may be C that an author wrote: lines that stand once."""
    found, seen = {}, set()
    for path in sources:
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
            text = line.strip()
            if text in seen:
                found.pop(text, None)
            elif text.endswith((";", "{", "}", ",")) and len(text) > 3:
                found[text] = (path.name, number)
            seen.add(text)
    return found


def translate(part, text, own, verbatim):
    """One function's rows with C lines turned into source lines; a row that says nothing new is left out."""
    last = None
    for offset, file, line in part:
        if line == 0:
            row = (*last[:3], ()) if last else None  # to be shown, not to be relied on
        elif file == own:
            number = line - 1
            row = source_row(text, number) or verbatim_row(text, number, verbatim) or start_row(text, number, part, own)
        else:
            row = (file, line, "", ())
        if row is not None and row != last:
            yield [offset, *row]
            last = row


def source_row(text, line):
    """The row of one C line, or None for what has no comment with a source line."""
    origin, function = text.origin(line), text.function_at(line)
    if origin is None:
        return None
    return (origin[0], origin[1], function.name, tuple(text.virtual(line)))


def verbatim_row(text, line, verbatim):
    """The row of a line that an author wrote in C, or None for one of Cython's own helpers."""
    place = verbatim.get(text.lines[line].strip()) if not text.is_helper(line) else None
    return (*place, "", ()) if place else None


def start_row(text, line, part, own):
    """The row of a function's first line, for what belongs to none of its lines: helpers, mostly."""
    known = (text.function_at(number - 1) for _, file, number in part if file == own)
    function = next((item for item in known if item and text.origin(item.last)), None)
    place = next(
        (item[1:] for item in text.origins[::-1] if function and function.first <= item[0] <= function.last), None
    )
    return (*place, "", None if text.is_helper(line) else ()) if place else None


def symbols_of(image):
    """The symbols worth keeping for a binary that is about to be stripped: not the interpreter's data."""
    wanted = ("__pyx_vtable_", "__pyx_vtabptr_")
    return [
        item
        for item in image.symbols
        if image.is_code(item[0]) or item[2].startswith(wanted) or not names.is_interpreter(item[2])
    ]
