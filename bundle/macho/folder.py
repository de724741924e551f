"""What macOS must find around a bundle's binary: Info.plist's keys and the files of the folder."""

import os
import re
import uuid

from tympan.bundle import plist

#: Keys that Finder, the installer and coreaudiod read, besides those without which there is no bundle at all.
KEYS = ("CFBundleName", "CFBundleShortVersionString", "CFBundleSupportedPlatforms", "LSMinimumSystemVersion")
VERSIONS = ("CFBundleShortVersionString", "CFBundleVersion")
IDENTIFIER = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
VERSION = re.compile(r"\d+(\.\d+){0,2}")
CONTENTS = {"Info.plist", "MacOS", "Resources", "Frameworks", "_CodeSignature", "PkgInfo"}
AGAIN = "Build the bundle again."


def problems(path, info):
    """(sentence, hint) of everything that is wrong."""
    yield from of_info(info)
    yield from of_files(path, info)


def of_info(info):
    """Info.plist."""
    missing = [key for key in KEYS if not info.get(key)]
    if missing:
        yield f"Info.plist lacks {', '.join(missing)}", AGAIN
    for key in VERSIONS:
        if key not in missing and not VERSION.fullmatch(str(info.get(key))):
            yield f"Info.plist: {key} is {info.get(key)!r}, not one to three numbers", AGAIN
    if not IDENTIFIER.fullmatch(str(info["CFBundleIdentifier"])):
        yield f"Info.plist: CFBundleIdentifier is {info['CFBundleIdentifier']!r}, not in reverse DNS form", AGAIN
    if "MacOSX" not in (info.get("CFBundleSupportedPlatforms") or ["MacOSX"]):
        yield "Info.plist: CFBundleSupportedPlatforms does not have MacOSX", AGAIN
    for factory in info["CFPlugInFactories"]:
        if not plist.is_uuid(factory) or not uuid.UUID(factory).int:
            yield f"Info.plist: the factory {factory!r} is not a UUID", "uuidgen makes one."


def of_files(path, info):
    """The folder: what codesign would refuse, or coreaudiod could not read."""
    stray = sorted(item.name for item in path.iterdir() if item.name != "Contents")
    stray += sorted(f"Contents/{item.name}" for item in (path / "Contents").iterdir() if item.name not in CONTENTS)
    names = {item.name for item in (path / "Contents" / "MacOS").iterdir()}
    stray += sorted(f"Contents/MacOS/{name}" for name in names - {info["CFBundleExecutable"]})
    if stray:
        yield f"{stray[0]} does not belong into a bundle, and no signature covers it", "Remove it."
    for item in sorted(path.rglob("*")):
        if item.is_symlink() and not item.resolve().is_relative_to(path.resolve()):
            yield f"{item.relative_to(path)} leads out of the bundle", "Put the file itself there."
    if not os.access(path / "Contents" / "MacOS" / info["CFBundleExecutable"], os.X_OK):
        yield f"Contents/MacOS/{info['CFBundleExecutable']} is not executable", "chmod 755"
