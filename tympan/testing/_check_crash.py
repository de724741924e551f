"""From the native stacks of a process that died to a sentence, and to whose fault it is."""

import os
import re
import signal
from pathlib import Path

from tympan.testing._check_worker import TOOL_FAILED
from tympan.testing.rules._blame import DAMAGE, LOCKS

_HERE = Path(__file__).parent
#: Images that do what their caller says: never at fault themselves. The platform library is one, for drivers.
_SERVANTS = re.compile(
    r"(.*/)?(lib(c|m|dl|rt|util|pthread|gcc_s|stdc\+\+|ffi|asan|tsan|ubsan)[-.\d]*\.so.*|ld-linux.*|linux-vdso.*"
    r"|libsystem_\w+\.dylib|libobjc.*|libdispatch.*|CoreFoundation|dyld|_platform\..*\.so|_crash\..*\.so|)"
)
_HEAP = {"abort", "free", "malloc", "realloc", "calloc", "cfree", "__libc_malloc", "__libc_free"}


class Stack:
    """One thread's frames, the innermost first: (image, symbol, offset) each."""

    def __init__(self, thread, number):
        self.thread, self.signal, self.frames = thread, number, []


def parse(lines):
    """The stacks in what _crash wrote."""
    found = []
    for line in lines:
        kind, *fields = line.split("\t")
        if kind == "signal" and len(fields) == 2:
            found.append(Stack(*fields))
        elif kind == "frame" and len(fields) == 4 and found:
            found[-1].frames.append(tuple(fields[1:]))
    return found


def explain(code, late, limit, lines, path, doing):
    """{message, fault, blocked, details}: how a process ended that was to go on."""
    stacks = parse(lines)
    fault, place = blame(stacks, path, late)
    words = {"driver": "in the driver", "tool": "in the tool", "unclear": "in no code of the driver's"}[fault]
    during = f" ({doing})" if doing else ""
    details = "\n".join(lines)
    if late:
        message = f"did not end within {limit:g} s{during}; it waits {words}{place}"
        return {"message": message, "fault": fault, "blocked": list(LOCKS), "details": details}
    if code >= 0:
        message = f"the process was ended with the exit code {code}{during}"
        return {"message": message, "fault": "tool" if code == TOOL_FAILED else "driver", "details": details}
    name, blocked = signal.Signals(-code).name, list(DAMAGE) if fault == "unclear" else []
    return {"message": f"{name}{during} {words}{place}", "fault": fault, "blocked": blocked, "details": details}


def blame(stacks, path, late):
    """(driver, tool or unclear; a place in words). The first frame that is not of a servant decides, and after
    too long a time any thread that is in the driver."""
    found = [where for where in (_decisive(stack, path) for stack in stacks) if where]
    drivers = [place for who, place in found if who == "driver"]
    if drivers and (late or found[0][0] == "driver"):
        return "driver", drivers[0]
    if not found:
        return "unclear", ""
    who, place = found[0]
    if late:
        return who, place
    heap = any(symbol in _HEAP for _, symbol, _ in stacks[0].frames[:12])
    if heap or (stacks[0].frames and not stacks[0].frames[0][0]):
        return ("unclear" if heap else "driver"), place
    return who, place


def _decisive(stack, path):
    for image, symbol, offset in stack.frames:
        if _SERVANTS.fullmatch(image):
            continue
        where = f": {symbol or os.path.basename(image)}+{offset}"
        return ("driver" if _inside(image, path) else "tool"), where
    return None


def _inside(image, path):
    try:
        return Path(image).resolve().is_relative_to(Path(path).resolve())
    except OSError:
        return False
