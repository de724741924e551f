"""Cython's messages in a driver author's words: the first one only, with the line and what to do."""

import re

from tympan._errors import BuildError

PROCESS_IO = "cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:"

_PLACE = re.compile(
    r"^(?!warning:|performance hint:|note:)(?P<file>[^\n:]+):(?P<line>\d+):(?P<column>\d+): (?P<text>.+)$", re.M
)

CIMPORT = "`from tympan cimport Driver, IoBuffer, RealtimeContext`"

#: (pattern of Cython's message, our sentence, our hint); ``{0}`` is the pattern's group.
_KNOWN = (
    (
        r"First base of '(\w+)' is not an extension type",
        "the base class of {0} is not known to the compiler",
        f"Use `cimport`: {CIMPORT}.",
    ),
    (
        r"'tympan[./](\w+)(?:\.pxd)?' not found|cimported module has no attribute '(\w+)'"
        r"|Name '(\w+)' not declared in module 'tympan'",
        "{0} cannot be cimported",
        "Driver, IoBuffer, IoOperation and RealtimeContext are cimported; everything else is imported.",
    ),
    (
        r"'([\w./]+)' not found",
        "there is no {0} to cimport from",
        "tympan, Cython's own libc and .pxd files beside the driver can be cimported.",
    ),
    (
        r"'(\w+)' is not a type identifier|'(\w+)' is not declared",
        "{0} is not known to the compiler",
        f"If it comes from tympan, use `cimport`: {CIMPORT}.",
    ),
    (
        r"Calling gil-requiring function not allowed without gil",
        "this calls a function that may use Python, which IO code must not",
        "Declare the helper `cdef inline ... noexcept nogil`, or do the work in start_io.",
    ),
    (
        r"not allowed without gil|Cannot (?:read|write|assign).*without gil",
        "this needs Python, which IO code must not use",
        "Use C types in process_io (`cdef float x`, `cdef size_t i`), and prepare everything else in start_io.",
    ),
    (r"undeclared name not builtin: (\w+)", "{0} is not defined", ""),
    (r"(.*), found '(?:DEDENT|INDENT|NEWLINE|EOF)'", "{0} before the end of the line", ""),
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
            groups = [group[:1].lower() + group[1:] if " " in group else group for group in found.groups() if group]
            return sentence.format(*groups), hint
    return text[:1].lower() + text[1:] if text[1:2].islower() else text, ""


def signature(line):
    """An override of a C method that differs from the declaration in _driver.pxd."""
    missing = [word for word in ("noexcept", "nogil") if not re.search(rf"\b{word}\b", line)]
    if "process_io" in line and missing:
        return f"process_io lacks {' and '.join(missing)}", f"Write `{PROCESS_IO}`."
    return "this method does not have the signature that tympan declares", f"Write `{PROCESS_IO}`."
