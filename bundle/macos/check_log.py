"""`doctor` on the unified log: what is known to be harmless apart from what explains a driver that is missing."""

from tympan.bundle.macos.finding import note, ok, problem, unknown
from tympan.bundle.macos.log_rules import rule_for

LAST = "10m"
SECONDS = 120
SHOWN = 5  # lines that no rule knows
#: The processes that say something about drivers.
PREDICATE = (
    'process == "coreaudiod" OR process CONTAINS "Core-Audio-Driver" OR process CONTAINS "Core Audio Driver" '
    'OR process == "amfid" OR process == "sandboxd" '
    'OR (process == "kernel" AND (eventMessage CONTAINS "Audio" OR eventMessage CONTAINS "AMFI"))'
)


def read(system, last=LAST):
    """The lines of the last while, or None."""
    arguments = ("show", "--last", last, "--style", "compact", "--info", "--predicate", PREDICATE)
    done = system.ask("log", *arguments, seconds=SECONDS)
    return done.out.splitlines() if done.code == 0 else None


def findings(lines, drivers):
    """One finding per rule that met a line, and one for lines about the drivers that no rule knows."""
    if lines is None:
        yield unknown("log", "the log cannot be read", "An administrator can: run `doctor` with sudo.")
        return
    names = sorted({word for driver in drivers for word in words(driver)})
    met, strange = sort(lines, names)
    for rule, found in met.items():
        times = f"{len(found)} times" if len(found) > 1 else "once"
        if rule.harmful:
            sentence = f"the log says, {times}: {found[-1].strip()}\n         {rule.meaning}"
            yield problem(f"log-{rule.id}", sentence, rule.hint)
        else:
            yield note(f"log-{rule.id}", f"harmless, {times} in the log: {rule.meaning}")
    for line in strange[-SHOWN:]:
        yield note("log-other", f"the log also says: {line.strip()}")
    if not any(rule.harmful for rule in met):
        yield ok("log", f"nothing in {len(lines)} lines of the log explains a missing driver")


def words(driver):
    """By what the log calls a driver. The executable's name alone may be any word, so it counts only with a slash."""
    return {word for word in (driver.name, driver.bundle_id, *driver.uids) if word}


def sort(lines, names):
    """({rule: its lines}, lines about ``names`` that no rule knows)."""
    met, strange = {}, []
    for line in lines:
        rule, named = rule_for(line), any(name in line for name in names)
        if rule is None:
            strange += [line] if named else []
        elif named or not rule.named:
            met.setdefault(rule, []).append(line)
    return met, strange
