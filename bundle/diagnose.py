"""Cython's messages in a driver author's words: the first one only, with the line and what to do."""

import re

from tympan._errors import BuildError

PROCESS_IO = "cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:"

_PLACE = re.compile(r"^(?!warning:|performance hint:|note:)(?P<file>[^\n:]+):(?P<line>\d+):(?P<column>\d+): (?P<text>.+)$", re.M)

#: (pattern of Cython's message, our sentence, our hint); ``{}`` are the pattern's groups.
_KNOWN = (
    (
        r"First base of '(\w+)' is not an extension type",
        "the base class of {0} is not known to the compiler",
        "Use `cimport`: `from tympan cimport Driver, IoBuffer, RealtimeContext`.",
    ),
    (
        r"'(\w+)' is not a type identifier|Cannot find type '(\w+)'|'(\w+)' is not declared",
        "{0} is not known to the compiler",
        "If it comes from tympan, use `cimport`: `from tympan cimport Driver, IoBuffer, RealtimeContext`.",
    ),
    (
        r"'?([\w/.]+\.pxd)'? not found",
        "there is no {0} to cimport from",
        "Only tympan, Cython's libc and .pxd files beside the driver can be cimported.",
    ),
    (
        r"Name '(\w+)' not declared in module '([\w.]+)'|cimported module has no attribute '(\w+)'",
        "{0} cannot be cimported",
        "Driver, IoBuffer, IoOperation and RealtimeContext are cimported; everything else is imported.",
    ),
    (
        r"(?:Calling gil-requiring function not allowed without gil)",
        "this function needs Python, which IO code must not use",
        "Declare the helper `cdef inline ... noexcept nogil`, or do the work in start_io.",
    ),
    (
        r"(.+?) not allowed without gil",
        "{0} needs Python, which IO code must not use",
        "Use C types in process_io (`cdef float x`, `cdef size_t i`) and do the rest in start_io.",
    ),
    (
        r"undeclared name not builtin: (\w+)",
        "{0} is not defined",
        "",
    ),
)


def cython_error(output, source):
    """The BuildError for what Cython wrote to stderr while it compiled ``source``."""
    found = _PLACE.search(output)
    if found is None:
        last = ([line for line in output.splitlines() if line.strip()] or ["no message"])[-1]
        return BuildError(f"{source.name}: Cython failed: {last}")
    place = f"{found['file']}:{found['line']}"
    sentence, hint = translate(found["text"].strip(), source_line(source, found))
    return BuildError(f"{place}: {sentence}", hint)


def source_line(source, found):
    """The line of the driver that Cython points at, or nothing when it is another file's."""
    if not source.as_posix().endswith(found["file"]):
        return ""
    lines = source.read_text(encoding="utf-8", errors="replace").splitlines()
    number = int(found["line"])
    return lines[number - 1] if 0 < number <= len(lines) else ""


def translate(text, line=""):
    """Our sentence and hint for one message of Cython's, or its own words."""
    if text.startswith("Signature not compatible with previous declaration"):
        return signature(line)
    for pattern, sentence, hint in _KNOWN:
        found = re.search(pattern, text)
        if found:
            return sentence.format(*[group for group in found.groups() if group]), hint
    return text[0].lower() + text[1:] if text[:2].istitle() else text, ""


def signature(line):
    """An override of a C method that differs from the declaration in _driver.pxd."""
    missing = [word for word in ("noexcept", "nogil") if not re.search(rf"\b{word}\b", line)]
    if "process_io" in line and missing:
        return f"process_io lacks {' and '.join(missing)}", f"Write `{PROCESS_IO}`."
    return "this method does not have the signature that tympan declares", f"Write `{PROCESS_IO}`."
