"""Where the Cython modules of a binary fill their tables: by name, or along CPython's list of built-in modules."""

import re

from tympan.bundle.realtime import names, values
from tympan.bundle.realtime.body import Body
from tympan.bundle.realtime.flow import Flow

EXEC = re.compile(r"__pyx_pymod_exec_\w+|__Pyx_modinit_\w+")

#: The first module of the core in the list; those after it are the core's and the driver's.
FIRST = "tympan._driver"

#: Of PyModuleDef and its slots: offset of m_slots, bytes of a slot, the number of Py_mod_exec.
M_SLOTS, MODULE_SLOT, MOD_EXEC = 72, 16, 2
POINTER = 8


def is_function(image, address):
    """Whether an address is where a function begins."""
    found = image.function(address)
    return found is not None and found.start == address


def initialisers(image):
    """Functions that fill tables."""
    named = [place for place, (_, name) in image.functions.items() if EXEC.fullmatch(names.base(name))]
    return named or list(followed(image))


def followed(image):
    """The exec functions of tympan's modules and the driver's, in a binary without names."""
    for row in rows(image):
        definition = module_definition(image, image.pointers.get(row + POINTER))
        at = image.pointers.get(definition + M_SLOTS) if definition is not None else None
        while at is not None and (number := int.from_bytes(image.read(at, 4), "little")):
            if number == MOD_EXEC and at + POINTER in image.pointers:
                yield image.pointers[at + POINTER]
            at += MODULE_SLOT


def rows(image):
    """Rows of the list from ``FIRST`` on."""
    for place, to in image.pointers.items():
        if image.is_constant(to) and image.text(to) == FIRST and place + POINTER in image.pointers:
            while place in image.pointers and is_function(image, image.pointers.get(place + POINTER, 0)):
                yield place
                place += 2 * POINTER
            return


def module_definition(image, start):
    """The PyModuleDef that a PyInit function hands to Python."""
    if start is None or not is_function(image, start):
        return None
    for call in Flow(Body(image, start)).calls:
        if values.is_const(call.arguments[0]):
            return call.arguments[0][1]
    return None
