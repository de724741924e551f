"""Cython's generated C: its functions, the .pyx line of each C line, and which methods a line calls."""

import bisect
import re

from tympan.bundle.realtime import names

FUNCTION = re.compile(r"^(?!typedef|struct|union|enum|#|/)[A-Za-z_][^;=]*?\b(\w+)\s*\(.*\{\s*$")
COMMENT = re.compile(r'^\s*/\* "([^"]+)":(\d+)\s*$')
STRUCT = re.compile(r"^struct __pyx_vtabstruct_(\w+) \{$")
STRUCT_BASE = re.compile(r"^  struct __pyx_vtabstruct_(\w+) __pyx_base;$")
STRUCT_METHOD = re.compile(r"^  .*?\(\*(\w+)\)\(")

VIRTUAL = re.compile(
    r"\(\(struct __pyx_vtabstruct_(\w+) \*\)[^;]*?__pyx_vtab\)->((?:__pyx_base\.)*)(\w+)\("
    r"|__pyx_vtabptr_(\w+)->((?:__pyx_base\.)*)(\w+)\("
)
FIELD_CALL = re.compile(r"(?:->|\.)\w+\(")
PLAN = re.compile(r"__pyx_v_io->process\(__pyx_v_io->driver\b")


class CFunction:
    """One function: its name, first and last line (from 0), and header."""

    def __init__(self, name, first, header):
        self.name, self.first, self.last, self.header = name, first, first, header


class CText:
    """A generated C file."""

    def __init__(self, text):
        self.lines = text.split("\n")
        self.functions = list(functions(self.lines))
        self.firsts = [item.first for item in self.functions]
        self.bases, self.methods = classes(self.lines)
        self.origins = origins(self.lines)

    def function_at(self, line):
        """The ``CFunction`` around a line (from 0), or None."""
        index = bisect.bisect_right(self.firsts, line) - 1
        found = self.functions[index] if index >= 0 else None
        return found if found and line <= found.last else None

    def is_helper(self, line):
        """Whether a line is in a function of Cython's own."""
        found = self.function_at(line)
        return found is not None and names.is_helper(found.name)

    def origin(self, line):
        """(file, line) of the Cython source that a line (from 0) was made of, or None."""
        function = self.function_at(line)
        index = bisect.bisect_right(self.origins, (line, "\uffff", 0)) - 1
        if function is None or index < 0 or self.origins[index][0] < function.first:
            return None
        return self.origins[index][1:]

    def virtual(self, line):
        """[(class, offset)] of the methods that a line calls through class tables; [] when it calls other pointers too.

        A class with ``=`` before it is called by its own name: subclasses do not count.
        """
        text = self.lines[line]
        if PLAN.search(text):
            return [("IoPlan", 0)]
        found = list(VIRTUAL.finditer(text))
        if not found or len(FIELD_CALL.findall(text)) > len(found):
            return []
        return [call for match in found for call in self.slot(match)]

    def slot(self, match):
        """The table slot of one match of VIRTUAL."""
        exact = match[1] is None
        name, hops, method = match.groups()[3:] if exact else match.groups()[:3]
        owner = name
        for _ in range(hops.count(".")):
            owner = self.bases.get(owner)
        offset = self.offset(owner, method)
        return [] if offset is None else [(("=" if exact else "") + name, offset)]

    def offset(self, owner, method):
        """Where a method's pointer is in the table of the class that brings it."""
        names = self.methods.get(owner, [])
        return 8 * (self.size(self.bases.get(owner)) + names.index(method)) if method in names else None

    def size(self, owner):
        """How many methods a class has, with those of its bases."""
        return 0 if owner is None else self.size(self.bases.get(owner)) + len(self.methods.get(owner, ()))


def functions(lines):
    """The functions of the file, in order."""
    current = None
    for number, line in enumerate(lines):
        if current is not None:
            if line == "}":
                current.last = number
                yield current
                current = None
        elif line and (line[0].isalpha() or line[0] == "_") and line.rstrip().endswith("{"):
            found = FUNCTION.match(line)
            if found:
                current = CFunction(found[1], number, line)


def classes(lines):
    """({class: base}, {class: its own methods in order})."""
    bases, methods, current = {}, {}, None
    for line in lines:
        start = STRUCT.match(line)
        if start:
            current = start[1]
            methods[current] = []
        elif line == "};":
            current = None
        elif current:
            if found := STRUCT_BASE.match(line):
                bases[current] = found[1]
            elif found := STRUCT_METHOD.match(line):
                methods[current].append(found[1])
    return bases, methods


def origins(lines):
    """(C line, file, line) of every comment that tells the source."""
    found = []
    for number, line in enumerate(lines):
        if '/* "' in line and (match := COMMENT.match(line)):
            found.append((number, match[1], int(match[2])))
    return found
