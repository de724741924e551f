"""``python -m tympan check --realtime``: both static nets over a driver's source or its finished bundle."""

import plistlib
import time
from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle import cache, project
from tympan.bundle.realtime import built, facts, generated, image, stack
from tympan.bundle.realtime.ctext import CText
from tympan.bundle.realtime.report import Finding, Report
from tympan.bundle.realtime.walk import Walk

NO_FACTS = (
    "this bundle was not made on this machine, or long ago: messages have addresses instead of names and lines, "
    "and the generated C was not read"
)
SOURCE_ONLY = "the objects that bundles are linked from were checked; `bundle` checks the linked file"


def check_realtime(path, allow=None, limit=stack.LIMIT, strict=False):
    """Check a .pyx (or folder, or project) or a .driver, and return the ``Report``.

    ``allow``: {name: reason} of findings that shall not fail the check, in
    addition to those of a project's ``[tool.tympan.realtime]``; a name is a
    function's or a rule's, as the report gives it, or ``name@file:line``.
    ``limit``: bytes of stack for one call from the host. ``strict``: what was
    not proved fails as well.
    """
    started = time.perf_counter()
    report = Report(path, allow, strict)
    target = Path(path)
    if is_binary(target):
        check_binary(report, binary_of(target), limit)
    else:
        found = project.find(path)
        report.allow = {**found.allow, **report.allow}
        check_source(report, found.inspect(), limit)
    report.seconds = time.perf_counter() - started
    return report


def is_binary(path):
    """Whether a path is a finished bundle or a file of machine code, and not the source of one."""
    return path.suffix == ".driver" or (path.is_file() and path.suffix != ".pyx" and path.name != "pyproject.toml")


def check_source(report, source, limit):
    """Net (a) on the driver's C, net (b) on driver and core linked together."""
    units = built.units_of(source)
    known = known_of(units)
    for part in image.read(built.linked(units)):
        take(report, part, known, limit)
    report.notes.append(SOURCE_ONLY)


def check_binary(report, path, limit):
    """Net (b) on a finished file, with the facts that were kept when it was made."""
    for part in image.read(path):
        known = recall(part)
        if part.stripped and not known.symbols:
            report.notes.append(NO_FACTS)
        take(report, part, known, limit)


def take(report, part, known, limit=stack.LIMIT):
    """Both nets' findings for one architecture, and the proof."""
    report.add([restored(item) for item in known.generated])
    walk = Walk(part, known, limit)
    report.add(walk.findings)
    report.proofs.append(walk.proof)


def binary_of(path):
    """The executable of a .driver; any other file is one itself."""
    if not path.is_dir():
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
        return path
    try:
        info = plistlib.loads((path / "Contents" / "Info.plist").read_bytes())
        return path / "Contents" / "MacOS" / info["CFBundleExecutable"]
    except (OSError, KeyError, ValueError, plistlib.InvalidFileException):
        raise UsageError(f"{path} is not a bundle that can be read") from None


# ---- what is kept of a build ----


def kept_name(part):
    """Where the facts of a binary are, stripped or not: its machine code is the key."""
    return f"realtime-binary-{part.code_key()}.json"


def known_of(units):
    """The ``Facts`` of a driver and the core: lines, methods, and what net (a) finds."""
    known = built.joined(units)
    text = CText(units[0].c_path.read_text(encoding="utf-8"))
    known.generated = [item.as_json() for item in generated.scan(text)]
    return known


def keep(part, known):
    """Keep what is known of a linked, not yet stripped binary."""
    kept = facts.Facts(known.rows, known.bases, facts.symbols_of(part), known.generated)
    cache.stored(kept_name(part), lambda output: output.write_text(kept.as_json(), encoding="utf-8"))


def recall(part):
    """The facts of a binary that was made here; empty ones otherwise."""
    file = cache.folder() / kept_name(part)
    return facts.from_json(file.read_text(encoding="utf-8")) if file.is_file() else facts.Facts()


def restored(item):
    """A finding from its JSON form."""
    chain = [(step["function"], step["file"], step["line"]) for step in item["chain"]]
    keys = ("net", "rule", "sentence", "hint", "subject", "level")
    return Finding(**{key: item[key] for key in keys}, place=(item["file"], item["line"]), chain=chain)
