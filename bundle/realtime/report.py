"""What a check found, and the verdict."""

from tympan._errors import UsageError
from tympan.bundle.realtime import render

#: Findings that fail, and those that only say what was not proved.
OFFENCE, WARNING = "offence", "warning"


class Finding:
    """One thing that is wrong, or was not proved.

    ``net``: "generated" or "binary". ``rule``: the kind of thing. ``place``:
    (file, line), file "" when unknown. ``chain``: (function, file, line) from
    the entry to the offence. ``subject``: the name that ``--allow`` takes.
    """

    def __init__(self, net, rule, sentence, place=("", 0), chain=(), hint="", subject="", level=OFFENCE, machine=""):
        self.net, self.rule, self.sentence, self.place = net, rule, sentence, place
        self.chain, self.hint, self.subject, self.level = list(chain), hint, subject or rule, level
        self.machine = machine
        self.reason = None  # of an --allow that covers it

    @property
    def names(self):
        """What ``--allow`` may call it: the subject, or subject@file:line for one place only."""
        return (self.subject, f"{self.subject}@{self.where}")

    @property
    def where(self):
        """``gain.pyx:12``, or "" when the place is not known."""
        file, line = self.place
        return f"{file}:{line}" if file else ""

    @property
    def first_line(self):
        """The message without its chain."""
        return f"{self.where}: {self.sentence}" if self.where else self.sentence

    def as_json(self):
        """A plain dictionary."""
        keys = ("net", "rule", "level", "sentence", "hint", "subject", "machine", "reason")
        chain = [{"function": name, "file": file, "line": line} for name, file, line in self.chain]
        return {
            **{key: getattr(self, key) for key in keys},
            "file": self.place[0],
            "line": self.place[1],
            "chain": chain,
        }


class Proof:
    """What the walk of one architecture covered."""

    def __init__(self, machine, system):
        self.machine, self.system = machine, system
        self.roots = []  # names of the entries that were found
        self.functions = []  # (name, bytes of its frame)
        self.externals = {}  # name -> why it is allowed
        self.stacks = {}  # entry -> bytes
        self.loops = {}  # kind of bound -> how many
        self.given = []  # what was taken as given, in sentences

    def as_json(self):
        """A plain dictionary."""
        return dict(vars(self))


class Report:
    """All findings and proofs of one driver."""

    def __init__(self, path, allow=None, strict=False):
        self.path, self.strict = str(path), strict
        self.allow = dict(allow or {})
        self.findings, self.proofs, self.notes = [], [], []
        self.seconds = 0.0

    def add(self, findings):
        """Take findings in; one that is allowed by name keeps its reason."""
        for item in findings:
            item.reason = next((self.allow[name] for name in item.names if name in self.allow), None)
            self.findings.append(item)

    @property
    def offences(self):
        """What fails the check."""
        levels = (OFFENCE, WARNING) if self.strict else (OFFENCE,)
        return [item for item in self.findings if item.level in levels and item.reason is None]

    @property
    def allowed(self):
        """What would fail it without an ``--allow``."""
        return [item for item in self.findings if item.reason is not None]

    @property
    def warnings(self):
        """What was not proved."""
        return [item for item in self.findings if item.level == WARNING and item.reason is None and not self.strict]

    @property
    def unused(self):
        """Names given to ``--allow`` that nothing had."""
        used = {name for item in self.findings for name in item.names}
        return [name for name in self.allow if name not in used]

    @property
    def ok(self):
        """Whether everything that fails a check is absent."""
        return not self.offences

    @property
    def exit_code(self):
        """0 proved, 1 offence."""
        return 0 if self.ok else 1

    def text(self):
        """For people, several lines: what is wrong with the way to it, what was not proved, and what was."""
        return render.as_text(self)

    def json(self):
        """For programs: everything."""
        return render.as_json(self)

    def as_json(self):
        """A plain dictionary."""
        return {
            "path": self.path,
            "ok": self.ok,
            "findings": [item.as_json() for item in self.findings],
            "proofs": [item.as_json() for item in self.proofs],
            "notes": self.notes,
            "unused_allowances": self.unused,
            "seconds": round(self.seconds, 3),
        }


def allowances(items):
    """{name: reason} of ``NAME=REASON`` texts, as ``--allow`` has them; without a reason there is none."""
    found = {}
    for item in items:
        name, _, reason = item.partition("=")
        if not name.strip() or not reason.strip():
            raise UsageError(f"--allow {item}: there is no reason", 'Write --allow malloc="only before IO starts".')
        found[name.strip()] = reason.strip()
    return found
