"""A Mac made of a folder and shell scripts: commands that log their calls and answer as a test says.

``tool(name, script)`` replaces one command; its script sees ``$STATE``, a folder
in which processes, devices and the log are files. The defaults are a Mac on which all goes well.
"""

import json
import os
import plistlib
from pathlib import Path
from types import SimpleNamespace

from tympan.bundle import BundleConfig, plist
from tympan.bundle.macos import check_files, devices, install, package, restart, system

HEAD = """#!/bin/sh
STATE=${0%/*}/../state
{ printf '%s' "${0##*/}"; for argument; do printf '\\t%s' "$argument"; done; echo; } >> "$STATE/calls"
"""

#: codesign that really seals: a bundle counts as the linker's until it has a CodeResources.
CODESIGN = """
for last; do :; done
sealed=$last/Contents/_CodeSignature/CodeResources
case "$1" in
--force) mkdir -p "${sealed%/*}" 2>/dev/null && echo sealed > "$sealed"; exit 0 ;;
--verify) [ -f "$sealed" ] && exit 0
    echo "$last: code has no resources but signature indicates they must be present" >&2; exit 1 ;;
--display) if [ -f "$sealed" ]; then cat "$STATE/signature" >&2
    else echo "CodeDirectory v=20400 size=1 flags=0x20002(adhoc,linker-signed) hashes=1+0" >&2; fi ;;
esac
"""
ADHOC = "CodeDirectory v=20400 size=1 flags=0x2(adhoc) hashes=1+0 location=embedded\nSignature=adhoc\n"
DEVELOPER_ID = (
    "CodeDirectory v=20500 size=1 flags=0x10000(runtime) hashes=1+0 location=embedded\n"
    "Authority=Developer ID Application: Example (ABCDE12345)\nAuthority=Apple Root CA\n"
    "Timestamp=1 Nov 2026 at 12:00:00\n"
)

#: A coreaudiod that ends when it is asked, and is there again with another pid at once.
KILLALL = 'pid=$(cat "$STATE/pid"); echo $((pid + 1)) > "$STATE/pid"'
TOOLS = {
    "chown": "", "xattr": "", "spctl": "", "launchctl": "",
    "codesign": CODESIGN,
    "killall": KILLALL,
    "pgrep": 'case "$1" in -x) cat "$STATE/pid" ;; -f) cat "$STATE/helper" ;; esac',
    "ps": "echo 00:00",
    "sysctl": "echo 1",
    "sw_vers": "echo 15.1",
    "csrutil": "echo 'System Integrity Protection status: enabled.'",
    "log": 'cat "$STATE/log"',
    "pkgutil": "exit 1",
    "fake-probe": 'cat "$STATE/devices"',
}  # fmt: skip

MACHO = b"\xcf\xfa\xed\xfe" + bytes(60)
UID = "com.example.Tiny"
DEVICE = {"UID": UID, "Name": "Tiny", "InputChannels": 2, "OutputChannels": 2}
SHOWN = {**DEVICE, "Manufacturer": "tympan", "Rate": 48000.0, "Hidden": 0, "Alive": 1}


class FakeMac:
    """``root`` stands for ``/``, ``bin`` for the system's commands."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.root, self.bin, self.state = folder, folder / "root", folder / "bin", folder / "state"
        for path in (self.root, self.bin, self.state):
            path.mkdir()
        self.hal = self.root / system.HAL
        self.clock, self.said = 0.0, []
        for name, script in TOOLS.items():
            self.tool(name, script)
        for name, text in {"pid": "100\n", "helper": "321\n", "log": "", "calls": "", "signature": ADHOC}.items():
            self.write(name, text)
        self.shows(SHOWN)
        self.patch(monkeypatch)

    def patch(self, monkeypatch):
        """This process believes that it is root on a Mac with these commands."""
        monkeypatch.setattr(system, "FIRST", (str(self.bin),))
        monkeypatch.setenv("PATH", f"{self.bin}:/usr/bin:/bin")
        monkeypatch.setattr(system, "is_mac", lambda: True)
        monkeypatch.setattr("tympan.bundle.macos.doctor.is_mac", lambda: True)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(restart, "PAUSE", 2)  # no seconds are waited, so fewer questions are asked
        monkeypatch.setattr(devices, "PROBE", (str(self.bin / "fake-probe"),))
        monkeypatch.setattr(check_files, "OWNER", (os.getuid(), os.getgid()))
        self.slices = [SimpleNamespace(system="macOS", machine="arm64", imports=[])]
        for module in (install, package, check_files):
            monkeypatch.setattr(module, "verify_bundle", self.verify)
        monkeypatch.setattr("tympan.bundle.macos.system.System.__init__", self.make_system(system.System.__init__))

    def make_system(self, original):
        """Every System made from now on has the fake clock, and takes the folder for the running Mac."""

        def make(made, root="/", dry_run=False, say=print):
            original(made, self.root if str(root) == "/" else root, dry_run, say)
            made.live = str(root) == "/"
            made.now, made.sleep = lambda: self.clock, self.pass_time

        return make

    def pass_time(self, seconds):
        """Nobody waits."""
        self.clock += seconds

    def verify(self, path):
        """In place of the real one, which would want a real Mach-O file."""
        info = plistlib.loads((Path(path) / "Contents" / "Info.plist").read_bytes())
        return SimpleNamespace(slices=self.slices, info=info, platform=f"{self.slices[0].system} arm64")

    def tool(self, name, script):
        """Replace a command; None takes it away."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        if script is not None:
            path.write_text(f"{HEAD}{script}\n")
            path.chmod(0o755)

    def write(self, name, text):
        """A file of the state."""
        (self.state / name).write_text(text)

    def shows(self, *found):
        """The devices of Core Audio."""
        self.write("devices", json.dumps(found))

    def calls(self, *names):
        """The calls so far, of the named commands or of all: lists of words."""
        lines = [line.split("\t") for line in (self.state / "calls").read_text().splitlines()]
        return [line for line in lines if not names or line[0] in names]

    def bundle(self, name="Tiny", bundle_id=UID, folder=None, **options):
        """A bundle in ``folder``, by default where a build would leave it."""
        options.setdefault("devices", [DEVICE])
        config = BundleConfig(bundle_id, options.pop("title", name), name, "1.2", **options)
        path = (folder or self.folder / "dist") / f"{name}.driver"
        (path / "Contents" / "MacOS").mkdir(parents=True)
        (path / "Contents" / "Info.plist").write_bytes(plist.generate(config))
        (path / "Contents" / "MacOS" / name).write_bytes(MACHO)
        return path

    def installed(self, name="Tiny", bundle_id=UID, **options):
        """A bundle in the HAL folder, sealed and with the modes that it should have."""
        path = self.bundle(name, bundle_id, self.hal, **options)
        (path / "Contents" / "_CodeSignature").mkdir()
        (path / "Contents" / "_CodeSignature" / "CodeResources").write_text("sealed\n")
        for inner in (path, *path.rglob("*")):
            inner.chmod(0o755 if inner.is_dir() or inner.parent.name == "MacOS" else 0o644)
        return path


def snapshot(folder, *but):
    """{path: (mode, content)} of everything below ``folder`` except what is below ``but``."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if not any(path.is_relative_to(other) for other in but):
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[str(path)] = (path.lstat().st_mode, content)
    return found
