"""Whose matter an error of the simulated host is: the rules that say it better than the one that met it.

A rule that meets such an error is blocked by them. When none of them failed, it
failed itself, so that nothing is lost.
"""

import re

#: Fault of the IO engine -> rules.
_FAULTS = {
    "stamp-status": ("clock-runs", "io-starts"),
    "stamp-future": ("clock-not-in-future",),
    "stamp-backwards": ("clock-never-back", "clock-new-seed-after-restart", "clock-new-seed-after-rate-change"),
    "stamp-spacing": ("clock-spacing", "clock-new-seed-after-restart", "device-period"),
    "stamp-moved": ("clock-stamp-fixed", "clock-new-seed-after-restart", "clock-new-seed-after-rate-change"),
    "stamp-rate": ("clock-rate", "clock-new-seed-after-restart", "clock-new-seed-after-rate-change"),
    "stamp-stale": ("clock-current", "clock-catches-up"),
    "operation-status": ("io-operations-succeed",),
    "unfilled": ("io-read-fills",),
    "guard": ("io-stays-in-buffer",),
}

_KINDS = ("plugin", "box", "device", "clock-device", "stream", "control")
_PROPERTIES = (
    *(f"{kind}-{what}" for kind in _KINDS for what in ("required-properties", "value-sizes")),
    "listed-objects-alive", "has-agrees", "texts-are-strings", "writes-stay-inside",
)  # fmt: skip

#: How a sentence of the host begins, or what it holds -> rules.
_SENTENCES = [
    (r"(GetPropertyData|GetPropertyDataSize|IsPropertySettable) of ", _PROPERTIES),
    (r"the list '", _PROPERTIES),
    (r"SetPropertyData of 'nsrt'", ("rate-change", "device-settable", "rate-old-until-performed")),
    (r"StartIO on ", ("io-starts", "io-starts-are-counted")),
    (r"StopIO on ", ("io-starts-are-counted", "io-starts-once")),
    (r"(Add|Remove)DeviceClient on ", ("client-added-and-removed",)),
    (r"WillDoIOOperation for ", ("io-required-operations",)),
    (r"the driver wants '.*' not in place", ("io-in-place",)),
    (r"the seed stayed ", ("clock-new-seed-after-rate-change",)),
    (r"stream \d+, listed under ", ("stream-direction", "starting-channels", "stream-scopes")),
    (r".* called \w+ while holding the GIL", ("not-called-holding-the-interpreter",)),
    (r".* called \w+ inside an IO operation", ("not-called-from-io",)),
]


def rules_for(error):
    """Ids of the rules that a HostError belongs to; () when it is the matter of whoever met it."""
    fault = getattr(error, "rule", None)
    if fault in _FAULTS:
        return _FAULTS[fault]
    text = str(error)
    return next((rules for pattern, rules in _SENTENCES if re.match(pattern, text)), ())
