"""What `doctor` finds, and how it is printed."""

#: Verdict -> what stands before the sentence. Only a problem makes `doctor` fail.
MARKS = {"ok": "ok      ", "note": "note    ", "unknown": "unknown ", "problem": "PROBLEM "}


class Finding:
    """One sentence about one thing; ``hint``: what to do. ``id`` names the check, for docs and tests."""

    def __init__(self, verdict, id, sentence, hint=""):
        self.verdict, self.id, self.sentence, self.hint = verdict, id, sentence, hint

    def __str__(self):
        return f"{MARKS[self.verdict]} {self.sentence}" + (f"\n         -> {self.hint}" if self.hint else "")


def ok(id, sentence):
    """Looked at, and as it should be."""
    return Finding("ok", id, sentence)


def note(id, sentence, hint=""):
    """Worth knowing, and not why a driver would be missing."""
    return Finding("note", id, sentence, hint)


def unknown(id, sentence, hint=""):
    """Could not be looked at."""
    return Finding("unknown", id, sentence, hint)


def problem(id, sentence, hint):
    """A reason for a driver not to appear, or not to work; there is always something to do."""
    return Finding("problem", id, sentence, hint)
