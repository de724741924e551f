"""A report as text for people, or as JSON."""

import json
from collections import Counter

NETS = {"generated": "generated C", "binary": "machine code"}

#: So many offences are shown with their chains; more would hide the first.
SHOWN = 10

#: How a loop's end is known.
BOUNDS = {
    "constant": "bounded by a constant",
    "frames": "by the cycle's frame count",
    "memory": "by a value in memory",
    "retries": "that repeat an atomic exchange",
    "core": "of the core, for the reasons in allowed.py",
    "library": "of the compiler's library",
    "open": "with no end shown",
}


def as_json(report):
    """The whole report."""
    return json.dumps(report.as_json(), indent=2, ensure_ascii=False)


def as_text(report):
    """Allowances first and loud, then offences with chains, what was not proved, what was, and the verdict."""
    lines = [*allowances(report)]
    for item in report.offences[:SHOWN]:
        lines += offence(item)
    if len(report.offences) > SHOWN:
        lines.append(f"... and {len(report.offences) - SHOWN} more")
    lines += [f"not proved: {item.first_line}" for item in report.warnings]
    lines += [f"note: {text}" for text in report.notes]
    for proof in report.proofs:
        lines += proved(proof)
    lines += [
        f"taken as given: {text}" for text in dict.fromkeys(text for proof in report.proofs for text in proof.given)
    ]
    return "\n".join([*lines, verdict(report)]) + "\n"


def allowances(report):
    """What would have failed."""
    for item in report.allowed:
        yield f"ALLOWED {item.subject} ({item.reason}): {item.first_line}"
    for name in report.unused:
        yield f"note: --allow {name} was not needed"


def offence(item):
    """The message, the way to it, and what to do."""
    lines = [f"error: {item.first_line}"]
    for name, file, line in item.chain:
        lines.append(f"    {name}" + (f" ({file}:{line})" if file else ""))
    if item.rule in ("external", "interpreter"):
        lines.append(f"    {item.subject}")
    if item.hint:
        lines.append(f"hint: {item.hint}")
    net = f"{NETS[item.net]} {item.machine}".strip()
    return [*lines, f"    found in the {net}; --allow {item.subject}=REASON lets it pass"]


def proved(proof):
    """What the walk of one architecture covered."""
    count = len(proof.functions)
    yield f"{proof.system} {proof.machine}: {count} functions reached from {', '.join(proof.roots) or 'nowhere'}"
    reasons = {}
    for name, why in sorted(proof.externals.items()):
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        yield f"  may call {', '.join(names)}: {why}"
    if proof.stacks:
        entry, most = max(proof.stacks.items(), key=lambda item: item[1])
        yield f"  stack: at most {most} bytes ({entry})"
    if proof.loops:
        kinds = Counter(proof.loops).most_common()
        yield "  loops: " + ", ".join(f"{number} {BOUNDS.get(kind, kind)}" for kind, number in kinds)


def verdict(report):
    """The last line."""
    seconds = f"{report.seconds:.2f} s"
    if not report.ok:
        return f"{report.path} is not realtime-safe: {counted(len(report.offences), 'offence')} ({seconds})"
    gaps = len(report.warnings)
    rest = f"; {counted(gaps, 'thing')} not proved" if gaps else ""
    return f"{report.path}: IO code reaches no allocation, lock, wait or interpreter call{rest} ({seconds})"


def counted(number, noun):
    """``1 offence``, ``2 offences``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
