"""What `codesign` says about a bundle's signature; reading only."""

import re


class Signature:
    """``valid``: codesign --verify --strict is content. ``problem``: its complaint otherwise.

    ``adhoc``: no identity. ``linker``: only the linker's own signature, which
    seals no Info.plist and no resources. ``runtime``: hardened. ``timestamp``: Apple's.
    ``authority``: the first certificate's name, or "".
    """

    def __init__(self, checked, shown):
        self.known = checked.code is not None
        self.valid = checked.code == 0
        self.problem = "" if self.valid else checked.first
        self.signed = shown.code == 0 and "not signed at all" not in shown.text
        flags = re.search(r"^CodeDirectory .*flags=0x[0-9a-f]+\(([^)]*)\)", shown.text, re.MULTILINE)
        names = flags[1].split(",") if flags else []
        self.adhoc = "adhoc" in names or "Signature=adhoc" in shown.text
        self.linker = "linker-signed" in names
        self.runtime = "runtime" in names
        self.timestamp = re.search(r"^Timestamp=", shown.text, re.MULTILINE) is not None
        found = re.search(r"^Authority=(.+)$", shown.text, re.MULTILINE)
        self.authority = found[1] if found else ""

    @property
    def developer_id(self):
        """Whether Apple's notary takes it."""
        return self.authority.startswith("Developer ID Application")

    def __str__(self):
        if not self.signed:
            return "not signed"
        if self.linker:
            return "signed by the linker only"
        return "signed ad hoc" if self.adhoc else f"signed by {self.authority or 'an unknown identity'}"


def read(system, path):
    """The ``Signature`` of a bundle or a file."""
    checked = system.ask("codesign", "--verify", "--strict", "--verbose=2", path)
    return Signature(checked, system.ask("codesign", "--display", "--verbose=2", path))
