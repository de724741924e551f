"""The last step of a build: check the linked binary, keep what names its code in the cache, and strip it."""

import shutil

from tympan._errors import BuildError
from tympan.bundle import cache, toolchain
from tympan.bundle.realtime import check, image
from tympan.bundle.realtime.report import Report


def release(path, units, label, allow=None, say=None, stripping=None):
    """Turn the binary at ``path``, linked with its symbols, into the one that is shipped; answer the ``Report``.

    ``units``: what it was linked from, of built.units_of. ``label`` is what
    messages call it. ``allow``: {name: reason} of findings that shall pass;
    ``say`` is told each of them, and what was not proved. ``stripping(path)``
    takes the names away, when the system's strip cannot. Raises a BuildError
    with the first offence, and then keeps nothing.
    """
    parts, known = list(image.read(path)), check.known_of(units)
    report = Report(label, allow)
    for part in parts:
        check.take(report, part, known)
    for line in warnings(report):
        (say or print)(f"warning: {line}")
    if not report.ok:
        raise refusal(report)
    for part in parts:
        check.keep(part, known)
    cache.stored(twin_name(parts[0]), lambda output: keep_twin(path, output, parts[0].system))
    strip(path, [part.code_key() for part in parts], stripping or strip_file)
    return report


def warnings(report):
    """What is said with every build: allowances, and what was not proved."""
    for item in report.allowed:
        yield f"NOT realtime-safe, but allowed ({item.subject}: {item.reason}): {item.first_line}"
    for name in report.unused:
        yield f"nothing is allowed by {name!r} any more: remove it"
    for item in report.warnings:
        yield f"not proved: {item.first_line}"


def refusal(report):
    """The BuildError for a report: the first offence, the way to it, and what to do."""
    item, more = report.offences[0], len(report.offences) - 1
    steps = [name + (f" ({file}:{line})" if file else "") for name, file, line in item.chain]
    way = f"On the way {' > '.join(steps)}. " if len(steps) > 1 else ""
    rest = f"{more} more: see `python -m tympan check --realtime`. " if more else ""
    return BuildError(
        item.first_line, f"{way}{item.hint + ' ' if item.hint else ''}{rest}Escape: --allow {item.subject}=REASON."
    )


def strip(path, keys, stripping):
    """Take every symbol away that the loader does not need; the machine code stays what was checked."""
    stripping(path)
    if [part.code_key() for part in image.read(path)] != keys:
        raise BuildError(f"stripping {path.name} changed its machine code", "This is a bug of tympan or of its tools.")


def strip_file(path):
    """The same by the program that goes with the compiler."""
    flags = ["-x", "-S"] if toolchain.MACOS else ["-s"]
    toolchain.run_checked([toolchain.strip_program(), *flags, path], f"stripping {path.name}")


def twin_name(part):
    """Where the names and lines of a binary are."""
    return f"realtime-unstripped-{part.code_key()}"


def keep_twin(path, output, system):
    """Everything of a linked binary but its code and data, which the stripped one has: a quarter of its size."""
    if system == "Mach-O":
        shutil.copyfile(path, output)  # strip has no such option for it
        return
    toolchain.run_checked([toolchain.strip_program(), "--only-keep-debug", path, "-o", output], "keeping names")


def unstripped(path):
    """The file with the names and lines of a bundle's binary; None when it was not linked on this machine.

    It has the same addresses, sections and symbols as the binary before it was
    stripped, which is what addr2line and debuggers want; on Linux no code.
    ``path`` is a .driver or the executable in it.
    """
    parts = list(image.read(check.binary_of(path)))
    found = [file for part in parts if (file := cache.folder() / twin_name(part)).is_file()]
    return found[0] if found else None
