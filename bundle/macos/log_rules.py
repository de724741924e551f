"""Lines that coreaudiod, the drivers' processes, amfid and the sandbox write, and what they mean.

Each was met by someone: docs/installing.md says where. A line that no rule knows is shown as it is.
"""

import re


class Rule:
    """``harmful``: it explains a driver that does not appear or work. ``named``: counts only with the driver in it."""

    def __init__(self, id, pattern, meaning, hint="", *, harmful=True, named=False):
        self.id, self.pattern = id, re.compile(pattern)
        self.meaning, self.hint, self.harmful, self.named = meaning, hint, harmful, named


SIGN = "python -m tympan install signs it again; nothing in a bundle may change after it was signed."

#: The first that matches counts, so special cases stand before general ones.
RULES = (
    Rule(
        "adhoc",
        r"AppleMobileFileIntegrityError.*-423|AMFI: .* is adhoc signed",
        "amfid notes that the driver has no identity; drivers load all the same",
        harmful=False,
        named=True,
    ),
    Rule(
        "not-in-coreaudiod",
        r"_InitializeDriverPlugIn: \*X\*X\*X Not loading the driver plug-in into coreaudiod",
        "coreaudiod says that it runs drivers in processes of their own",
        harmful=False,
    ),
    Rule("entitlements", r"SecTaskLoadEntitlements failed error=22", "it means nothing", harmful=False),
    Rule("attempt", r"Attempting to load: ", "coreaudiod has found the bundle", harmful=False, named=True),
    Rule("loading", r"LoadPlugIns: +Loading", "coreaudiod is starting", harmful=False),
    Rule(
        "restricted",
        r"AppleMobileFileIntegrityError.*-424|contains restricted entitlements",
        "the signature claims entitlements that only an identity of Apple's gives",
        "Sign it without entitlements: a driver needs none.",
        named=True,
    ),
    Rule(
        "signature",
        r"AppleMobileFileIntegrityError|[Cc]ode ?[Ss]ignature invalid|CODE SIGNING: .*invalid"
        r"|code signature .* not valid|code has no resources but signature indicates"
        r"|library load (denied|disallowed)|different Team IDs",
        "the signature is refused",
        SIGN,
        named=True,
    ),
    Rule(
        "factory",
        r"Cannot find function pointer \S+ for factory",
        "Info.plist names a factory that the binary does not export",
        "python -m tympan verify shows both names; `bundle` makes them equal.",
    ),
    Rule(
        "architecture",
        r"incompatible architecture|no matching architecture|wrong architecture",
        "the binary is for another processor; Rosetta does not help a driver",
        "Build it with --target macos-universal2.",
    ),
    Rule(
        "symbol",
        r"(?i)symbol not found|Library not loaded|dlopen\(.*(no suitable image|not found|no such file)",
        "the binary needs something that this system does not have",
        "python -m tympan verify names it.",
    ),
    Rule(
        "mach-service",
        r"deny(\(\d+\))? mach-lookup",
        "the sandbox has refused the driver a Mach service",
        'List it: [tool.tympan] mach-services = ["..."]',
    ),
    Rule(
        "network",
        r"deny(\(\d+\))? (network-|system-socket)",
        "the sandbox has refused the driver the network",
        "Ask for it: [tool.tympan] network = true",
    ),
    Rule(
        "user-client",
        r"deny(\(\d+\))? iokit-open",
        "the sandbox has refused the driver an IOKit user client",
        'List its class: [tool.tympan] iokit-user-clients = ["..."]',
    ),
    Rule(
        "file",
        r"deny(\(\d+\))? file-",
        "the sandbox has refused the driver a file",
        "A driver reads its own bundle and the system's libraries only; keep state in the HAL's storage.",
    ),
    Rule(
        "uid",
        r"there is already an? .*device with the UID",
        "two drivers make a device with the same UID; only the first appears",
        "Remove one of them; `doctor` names the clash.",
    ),
    Rule(
        "property",
        r"ObjectGetPropertyData.*(2003332927|'who\?')",
        "Core Audio asked a driver for a property that it must have and has not; its device stays invisible",
        "python -m tympan check names the property.",
    ),
    Rule(
        "helper",
        r"connection to driver service is (interrupted|invalidated)",
        "a driver's process has ended, most likely by a crash",
        "Look for a report in /Library/Logs/DiagnosticReports.",
    ),
    Rule(
        "start",
        r"Failed calling start_io",
        "a driver has refused to start IO",
        "Its own log line has the reason, with a traceback.",
    ),
    Rule(
        "clock",
        r"TimeStampOutOfLine|Re-anchoring|not consecutive|clockResetReason",
        "Core Audio does not believe the device's clock: there are clicks",
        "python -m tympan check --include clock",
    ),
)


def rule_for(line):
    """The rule that knows a line, or None."""
    return next((rule for rule in RULES if rule.pattern.search(line)), None)
