"""The last step of a build: check the linked binary, keep its names and lines in the cache, and strip it."""

from tympan._errors import BuildError
from tympan.bundle import toolchain
from tympan.bundle.realtime import check, stack
from tympan.bundle.realtime.report import Report


def release(path, source, label, allow=None, say=None):
    """Turn the binary at ``path``, linked with its symbols, into the one that is shipped.

    What is checked is the stripped file itself. Raises a BuildError with the
    first offence; ``say`` is told what an ``allow`` covers. Answers the ``Report``.
    """
    check.keep(path, source)
    strip(path)
    report = Report(label, allow)
    check.check_binary(report, path, stack.LIMIT)
    for item in report.allowed:
        (say or print)(f"warning: ALLOWED {item.subject} ({item.reason}): {item.first_line}")
    if not report.ok:
        raise refusal(report)
    return report


def refusal(report):
    """The BuildError for a report: the first offence, the way to it, and what to do."""
    item, more = report.offences[0], len(report.offences) - 1
    steps = [name + (f" ({file}:{line})" if file else "") for name, file, line in item.chain]
    way = f"On the way {' > '.join(steps)}. " if len(steps) > 1 else ""
    rest = f"{more} more: see `python -m tympan check --realtime`. " if more else ""
    return BuildError(
        item.first_line, f"{way}{item.hint + ' ' if item.hint else ''}{rest}Escape: --allow {item.subject}=REASON."
    )


def strip(path):
    """Take every symbol away that the loader does not need; no byte of code changes."""
    program = toolchain.run([*toolchain.compiler(), "-print-prog-name=strip"]).stdout.strip() or "strip"
    flags = ["-x", "-S"] if toolchain.MACOS else ["-s"]
    toolchain.run_checked([program, *flags, path], f"stripping {path.name}")
