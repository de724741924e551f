"""May IO code call this function of another library?"""

from tympan.bundle.realtime import allowed, denied, names


class Verdict:
    """Yes or no, and why."""

    def __init__(self, fine, reason, hint=""):
        self.fine, self.reason, self.hint = fine, reason, hint


def judge(name):
    """The ``Verdict`` on an external function; what no table knows is refused."""
    plain = names.plain(name)
    reason = allowed.ALLOWED.get(plain)
    if reason:
        return Verdict(True, reason)
    for pattern, does, hint in denied.DENIED:
        if pattern.fullmatch(plain):
            return Verdict(False, f"which {does}", hint)
    return Verdict(False, f"which {denied.UNKNOWN}", "If it neither allocates, locks nor waits: --allow NAME=REASON.")
