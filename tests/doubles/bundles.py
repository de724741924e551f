"""Bundles that are wrong on disk: {rule: what makes a copy of the correct bundle break it}."""

import plistlib
import subprocess

from subjects import build as subjects

TYPE = subjects.TYPE


def edited(change):
    """A change of Info.plist."""

    def make(bundle):
        path = bundle / "Contents" / "Info.plist"
        info = plistlib.loads(path.read_bytes())
        change(info)
        path.write_bytes(plistlib.dumps(info))
        return bundle

    return make


def _zero_factory(info):
    zero = "00000000-0000-0000-0000-000000000000"
    (function,) = info["CFPlugInFactories"].values()
    info["CFPlugInFactories"], info["CFPlugInTypes"] = {zero: function}, {TYPE: [zero]}


def _binary(bundle):
    (path,) = (bundle / "Contents" / "MacOS").iterdir()
    return path


def _renamed(bundle):
    return bundle.rename(bundle.with_suffix(".bundle"))


def _no_plist(bundle):
    (bundle / "Contents" / "Info.plist").write_bytes(b"<plist><oops")
    return bundle


def _no_executable(bundle):
    _binary(bundle).chmod(0o644)
    return bundle


def _private(bundle):
    (bundle / "Contents" / "Info.plist").chmod(0o600)
    return bundle


def _cut(bundle):
    path = _binary(bundle)
    path.write_bytes(path.read_bytes()[:5000])
    return bundle


def _foreign_library(bundle):
    """A binary that needs a library of this machine's only."""
    folder = bundle.parent / "own"
    folder.mkdir()
    (folder / "own.c").write_text("int own(void) { return 1; }")
    (folder / "main.c").write_text("int own(void); int DoubleFactory(void) { return own(); }")
    library = folder / "libown.so"
    run = [subjects.compiler(), "-shared", "-fPIC"]
    subprocess.run([*run, folder / "own.c", "-o", library], check=True)
    subprocess.run([*run, folder / "main.c", "-L", folder, "-lown", "-o", _binary(bundle)], check=True)
    return bundle


WRONG = {
    "bundle-suffix": _renamed,
    "bundle-identifier": edited(lambda info: info.update(CFBundleIdentifier="one word")),
    "bundle-factory-uuid": edited(_zero_factory),
    "bundle-executable": _no_executable,
    "bundle-permissions": _private,
    "bundle-services": edited(lambda info: info.update(AudioServerPlugIn_MachServices="org.example.service")),
    "bundle-info-plist": _no_plist,
    "bundle-keys": edited(lambda info: info.pop("CFBundleIdentifier")),
    "binary-loads": _cut,
    "binary-system-libraries": _foreign_library,
}
