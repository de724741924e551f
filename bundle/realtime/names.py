"""Cython's and the compiler's names in an author's words."""

import re

from tympan.bundle.realtime import allowed

#: What compilers append to the parts and copies they make of a function.
CLONE = re.compile(r"\.(?:constprop|isra|part|cold|lto_priv|llvm)(?:\.\d+)?")

#: What Cython puts before a C function of the author; before that, ``__pyx_fuse_0`` of a fused one.
AUTHOR = "__pyx_f_"

#: Prefixes of the interpreter's own functions.
INTERPRETER = re.compile(r"_?Py[A-Z_]|_Py[a-z]")

#: glibc's names for files over 2 GB end with 64.
LARGE_FILES = ("open", "openat", "creat", "fopen", "freopen", "lseek", "fstat", "stat", "pread", "pwrite", "mmap")

_PART = re.compile(r"(\d+)")


def base(name):
    """The function that a clone or a cold part was made of."""
    return CLONE.sub("", name)


def is_clone(name):
    """Whether the compiler may have changed the arguments."""
    return CLONE.search(name) is not None


def is_helper(name):
    """Whether a function is Cython's own."""
    return name.startswith(("__Pyx", "__pyx")) and AUTHOR not in name


def is_library(name):
    """Whether a function is of a C library that was linked in: what it does is known, what it calls is not."""
    return name in allowed.ALLOWED or name.startswith("compiler_rt.")


def plain(name):
    """An external function as C sources call it: fopen for fopen64, fopen$DARWIN_EXTSN and fopen@GLIBC_2.2.5."""
    found = name.partition("@")[0].partition("$")[0]
    return found.removesuffix("64") if found.removesuffix("64") in LARGE_FILES else found


def is_interpreter(name):
    """Whether a function belongs to CPython."""
    return INTERPRETER.match(base(name)) is not None


def split(mangled):
    """``6tympan_7_driver_Driver`` -> ["tympan", "_driver", "Driver"]: lengths say where a name ends."""
    found = []
    while True:
        number = _PART.match(mangled)
        if not number:
            return [*found, mangled]
        start, length = number.end(), int(number[1])
        if length == 0 or len(mangled) <= start + length or mangled[start + length] != "_":
            return [*found, mangled]
        found.append(mangled[start : start + length])
        mangled = mangled[start + length + 1 :]


def parts(name):
    """Module, class and method of a Cython C function; one part for any other function."""
    _, mark, mangled = base(name).replace("__pyx_v_", AUTHOR, 1).rpartition(AUTHOR)
    return split(mangled) if mark else [base(name)]


def shown(name):
    """``Gain.process_io`` for ``__pyx_f_4gain_4Gain_process_io``, ``scale`` for a function or variable outside a class.

    Nothing tells a class from a module; by convention a class has a capital.
    """
    found = parts(name)
    if len(found) > 1 and found[-2].lstrip("_")[:1].isupper():
        return ".".join(found[-2:])
    return found[-1]
