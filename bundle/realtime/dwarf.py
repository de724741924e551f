"""Line numbers from an object file's .debug_line, DWARF 2 to 5. Only what a line table needs."""

from tympan.bundle.realtime.reader import Reader

#: Kinds of fields in a version 5 header.
PATH, FOLDER = 1, 2
FORM_STRING, FORM_LINE_STRP, FORM_STRP, FORM_UDATA, FORM_DATA16, FORM_BLOCK = 0x08, 0x1F, 0x0E, 0x0F, 0x1E, 0x09
FIXED = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8, FORM_DATA16: 16}

END_SEQUENCE, SET_ADDRESS = 1, 2
COPY, ADVANCE_PC, ADVANCE_LINE, SET_FILE, CONST_ADD_PC, FIXED_ADVANCE = 1, 2, 3, 4, 8, 9


class Unit:
    """One line program: its header, and where its opcodes are."""

    def __init__(self, reader, strings):
        self.reader, self.strings = reader, strings
        length = reader.number(4)
        self.wide = length == 0xFFFFFFFF
        self.end = (reader.number(8) if self.wide else length) + reader.at
        self.version = reader.number(2)
        if self.version >= 5:
            self.address_size, _ = reader.number(1), reader.number(1)
        header = reader.number(8 if self.wide else 4)
        self.start = reader.at + header
        self.minimum = reader.number(1)
        if self.version >= 4:
            reader.number(1)
        reader.number(1)
        self.line_base = reader.number(1, signed=True)
        self.line_range, self.opcode_base = reader.number(1), reader.number(1)
        self.lengths = [reader.number(1) for _ in range(self.opcode_base - 1)]
        self.files = self.modern_files() if self.version >= 5 else self.old_files()

    def old_files(self):
        """Paths by number, from 1."""
        reader, folders = self.reader, [""]
        while folder := reader.string():
            folders.append(folder)
        found = [""]
        while name := reader.string():
            found.append(joined(folders, reader.unsigned(), name))
            reader.unsigned(), reader.unsigned()  # time and size
        return found

    def modern_files(self):
        """Paths by number, from 0; folders come first in the same form."""
        folders = [name for name, _ in self.entries()]
        return [joined(folders, folder, name) for name, folder in self.entries()]

    def entries(self):
        """(path, number of its folder) of each entry of a version 5 table."""
        reader = self.reader
        formats = [(reader.unsigned(), reader.unsigned()) for _ in range(reader.number(1))]
        found = []
        for _ in range(reader.unsigned()):
            fields = {content: self.field(form) for content, form in formats}
            found.append((fields.get(PATH, ""), fields.get(FOLDER, 0)))
        return found

    def field(self, form):
        """One field of an entry."""
        reader = self.reader
        if form == FORM_STRING:
            return reader.string()
        if form in (FORM_LINE_STRP, FORM_STRP):
            at = reader.at
            return self.strings(form == FORM_LINE_STRP, at, reader.number(8 if self.wide else 4))
        if form in FIXED:
            return reader.number(FIXED[form])
        if form == FORM_BLOCK:
            return reader.skip(reader.unsigned())
        return reader.unsigned()


def joined(folders, number, name):
    """A file's path; relative to the compiler's folder, unless one of the two is absolute."""
    folder = folders[number] if number < len(folders) else ""
    return f"{folder}/{name}" if folder and not name.startswith("/") else name


def rows(data, strings, anchor):
    """(place, file, line) in the order of the program.

    ``strings(is_line_string, offset of the field, value)`` answers a name,
    ``anchor(offset of the operand, value)`` a pair (section or symbol, offset),
    because in an object file both may be relocations.
    """
    reader = Reader(data)
    while reader.at + 4 < len(data):
        unit = Unit(reader, strings)
        yield from run(unit, anchor)
        reader.at = unit.end


def run(unit, anchor):
    """Carry out one unit's opcodes."""
    reader, files = unit.reader, unit.files
    reader.at = unit.start
    section, place, file, line = None, 0, 1, 1
    while reader.at < unit.end:
        opcode = reader.number(1)
        if opcode >= unit.opcode_base:
            step = opcode - unit.opcode_base
            place += step // unit.line_range * unit.minimum
            line += unit.line_base + step % unit.line_range
            yield (section, place), name(files, file), line
        elif opcode == 0:
            size = reader.unsigned()
            end, kind = reader.at + size, reader.number(1)
            if kind == SET_ADDRESS:
                section, place = anchor(reader.at, reader.number(size - 1))
            elif kind == END_SEQUENCE:
                section, place, file, line = None, 0, 1, 1
            reader.at = end
        elif opcode == COPY:
            yield (section, place), name(files, file), line
        elif opcode == ADVANCE_PC:
            place += reader.unsigned() * unit.minimum
        elif opcode == ADVANCE_LINE:
            line += reader.signed()
        elif opcode == SET_FILE:
            file = reader.unsigned()
        elif opcode == CONST_ADD_PC:
            place += (255 - unit.opcode_base) // unit.line_range * unit.minimum
        elif opcode == FIXED_ADVANCE:
            place += reader.number(2)
        else:
            for _ in range(unit.lengths[opcode - 1]):
                reader.unsigned()


def name(files, number):
    """A file's name; numbers out of range have been seen in damaged tables."""
    return files[number] if number < len(files) else ""
