"""What the guard can see here, and what it cannot and why."""

import sys

from assert_no_alloc import _guard, _lines
from assert_no_alloc._violation import KINDS


def capabilities():
    """A dict of what is trapped and reported in this process; arms nothing.

    ``by_name``: the functions whose calls are trapped, by kind. ``system_calls``: whether the
    kernel traps every system call of a guarded thread, with ``system_calls_reason`` if not.
    ``objects``, ``slots``: how many loaded objects call the wrappers, and through how many
    slots; ``foreign`` slots lead elsewhere and were left alone. ``lines``: the tool that finds
    source lines, or None.
    """
    facts = _guard.facts()
    by_name: dict[str, list[str]] = {}
    for symbol, _, kind, found in _guard.hooks():
        if found and symbol != "dlsym":
            by_name.setdefault(KINDS[kind], []).append(symbol)
    return {"platform": sys.platform, **facts, "by_name": by_name, "lines": _lines.tool()}
