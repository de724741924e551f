"""How CPython is configured for a Mac from Linux: what its configure refuses, cannot find out, or finds out wrongly."""

import re

from tympan._errors import BuildError

#: Answers that configure would look for by running something, or that zig's newer headers give wrongly:
#: what came after macOS 12 would be a weak import, NULL on the older system.
ANSWERS = {
    "ac_cv_file__dev_ptmx": "no",
    "ac_cv_file__dev_ptc": "no",
    "ac_cv_buggy_getaddrinfo": "no",
    "ac_cv_func_openpty": "no",
    "ac_cv_func_forkpty": "no",
    "ac_cv_func_login_tty": "no",
    "ac_cv_search_openpty": "no",
    "ac_cv_search_forkpty": "no",
    "ac_cv_search_login_tty": "no",
    "ac_cv_func_sendfile": "no",
    "ac_cv_func_mkfifoat": "no",
    "ac_cv_func_mknodat": "no",
    "ac_cv_func_pipe2": "no",
    "ac_cv_func_dup3": "no",
}

OPTIONS = ("--disable-shared", "--without-ensurepip", "--disable-test-modules", "--without-doc-strings")

#: Modules in the library besides those the interpreter needs; a bundle takes from it what its driver imports.
MODULES = (
    "array", "_bisect", "_contextvars", "_csv", "_heapq", "_json", "_opcode", "_queue", "_random", "_struct",
    "_typing", "math", "cmath", "_statistics", "_datetime", "binascii",
)  # fmt: skip

#: The versions of which it is known that this works; docs/macos.md says more.
TRIED = "3.11.2 and 3.13.5"

REFUSED = 'as_fn_error $? "cross build not supported for $host" "$LINENO" 5'
#: What stands at the two places instead: the system's name, then the processor's.
KNOWN = ("ac_sys_system=Darwin", "MACHDEP=darwin; _host_cpu=$host_cpu; _host_ident=$host_cpu")


def patch(text):
    """configure, made to accept macOS as the host of a cross build."""
    if text.count(REFUSED) != len(KNOWN):
        raise BuildError("this CPython's configure is not one that tympan knows", f"Tried are {TRIED}.")
    for instead in KNOWN:
        text = text.replace(REFUSED, instead, 1)
    # Its release chooses how headers are read; 21 is macOS 12.
    text = re.sub(r"(esac\n\s*ac_sys_release=)\n", r"\g<1>21.0.0\n", text, count=1)
    # Asked only for what a framework is linked with; i386 is an answer that each of the questions knows.
    return text.replace("`/usr/bin/arch`", "i386")


def site():
    """The text of config.site."""
    return "".join(f"{name}={value}\n" for name, value in ANSWERS.items())


def modules(stdlib):
    """The text of Modules/Setup.local, from the lines of Modules/Setup.stdlib.in."""
    lines = [line.partition("@")[2].partition("@")[2] for line in stdlib.splitlines() if line.startswith("@MODULE_")]
    return "*static*\n" + "".join(f"{line}\n" for line in lines if line.split()[:1] and line.split()[0] in MODULES)
