"""Whose matter an error of the simulated host is: the rules that say it better than the one that met it.

A rule that meets such an error is blocked by them. When none of them failed, it
failed itself, so that nothing is lost.
"""

import re

_RESTART, _RATE = "clock-new-seed-after-restart", "clock-new-seed-after-rate-change"

#: Fault of the IO engine -> (the rules that it belongs to first of all, those that look for it on purpose).
_FAULTS = {
    "stamp-status": (("clock-runs", "io-starts"), ()),
    "stamp-future": (("clock-not-in-future",), ()),
    "stamp-backwards": (("clock-never-back",), (_RESTART, _RATE)),
    "stamp-spacing": (("device-period", "clock-spacing"), (_RESTART, _RATE)),
    "stamp-moved": (("clock-stamp-fixed",), (_RESTART, _RATE)),
    "stamp-rate": (("clock-rate",), (_RESTART, _RATE)),
    "stamp-stale": (("device-period", "clock-current"), ("clock-catches-up", _RESTART, _RATE)),
    "operation-status": (("io-operations-succeed",), ()),
    "unfilled": (("io-read-fills",), ()),
    "guard": (("io-stays-in-buffer",), ()),
    "secondary": (("io-secondary-filled",), ()),
}

#: Faults that are nobody's: a driver may ask for a change of its channels at any time, and a rule that plays audio of
#: one shape can then not go on.
NOBODYS = {"channels"}

_KINDS = ("plugin", "box", "device", "clock-device", "stream", "control")
_PROPERTIES = (
    *(f"{kind}-{what}" for kind in _KINDS for what in ("required-properties", "value-sizes")),
    "listed-objects-alive", "has-agrees", "texts-are-strings", "writes-stay-inside",
)  # fmt: skip

#: How a sentence of the host begins, or what it holds -> rules.
_SENTENCES = [
    (r"GetPropertyData of .* answered no string", ("texts-are-strings", "strings-come-with-a-reference")),
    (r"(GetPropertyData|GetPropertyDataSize|IsPropertySettable) of ", _PROPERTIES),
    (r"the list '", _PROPERTIES),
    (r"SetPropertyData of 'nsrt'", ("rate-change", "device-settable", "rate-old-until-performed")),
    (r"SetPropertyData of 'pft '", ("stream-format-sets", "stream-settable")),
    (r"StartIO on ", ("io-starts", "io-starts-are-counted", "io-restarts")),
    (r"StopIO on ", ("io-starts-are-counted", "io-starts-once", "client-removed-while-running",
                     "client-unknown-removed")),
    (r"(Add|Remove)DeviceClient on ", ("client-added-and-removed", "client-many", "client-ids-per-device",
                                       "client-comes-during-io")),
    (r"WillDoIOOperation for ", ("io-required-operations",)),
    (r"the driver wants '.*' not in place", ("io-in-place",)),
    (r"the seed stayed ", (_RATE,)),
    (r"stream \d+, listed under ", ("stream-direction", "starting-channels", "stream-scopes")),
    (r"stream \d+ has a format that ", ("stream-format-sane", "stream-channels")),
    (r".* called \w+ while holding the GIL", ("not-called-holding-the-interpreter",)),
    (r".* called \w+ inside an IO operation", ("not-called-from-io",)),
]  # fmt: skip

#: What a process was doing when it died (Subject.doing) -> the rules that are about just that, the first cause first.
STAGES = {"factory": ("factory-makes-driver",), "load": ("factory-makes-driver", "driver-loads")}

#: A heap that is found damaged, by whom ever: what damages it.
DAMAGE = ("io-stays-in-buffer", "writes-stay-inside", "io-every-format", "io-largest-buffer")


#: Waiting for itself: what makes a driver do so.
LOCKS = (
    "notified-without-lock", "requested-without-lock", "clients-without-lock", "storage-not-under-lock",
    "io-waits-for-no-host-call",
)  # fmt: skip


def blockers(rule, error):
    """Ids of the rules that a HostError belongs to rather than to ``rule``; [] when it is its own matter."""
    first, seekers = _FAULTS.get(getattr(error, "rule", None), (None, ()))
    if first is None:
        text = str(error)
        first = next((rules for pattern, rules in _SENTENCES if re.match(pattern, text)), ())
    if rule.id in first:
        return []
    return list(first if rule.id in seekers else first + seekers)
