"""The subjects as ``.driver`` bundles: a C compiler and plistlib, nothing of tympan's builder.

``bundle("correct")``, ``bundle("minimal")`` and ``bundle("defective")`` answer paths;
``subject("stamp-moves")`` answers what has that defect: a bundle, and the environment
that chooses it. Everything is built once per state of the sources, into a folder of
TYMPAN_TEST_CACHE (or XDG_CACHE_HOME, which tests set), and not to be changed there.

    python tests/subjects/build.py stamp-moves      prints how to check that defect
"""

import hashlib
import os
import plistlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"
VARIABLE = "TYMPAN_DEFECT"

FLAGS = ["-std=gnu11", "-O1", "-fPIC", "-fvisibility=hidden", "-pthread", "-Wall", "-Wextra", "-Werror"]
MACOS = sys.platform == "darwin"
LINK = ["-bundle", "-framework", "CoreFoundation"] if MACOS else ["-shared", "-pthread", "-Wl,-z,now"]
LIBRARIES = ["-lm"]
WRAPPED = ("malloc", "calloc", "free", "pthread_mutex_lock", "fopen", "fprintf")

#: Folder of sources, the factory's name, bundle identifier.
SUBJECT = (HERE, "Subject", "org.tympan.subject")
TONE = (HERE / "minimal", "Tone", "org.tympan.tone")


def table():
    """defects.toml with what may be left out there: {id: row}; a row has
    "what", "source", "seen", "rule", "verdict", "outcome", "needs" and "where"."""
    rows = tomllib.loads((HERE / "defects.toml").read_text(encoding="utf-8"))
    rest = {"verdict": "failed", "outcome": "broken", "needs": "", "where": "driver"}
    return {name: rest | row for name, row in rows.items()}


def subject(defect):
    """(bundle, environment) that has a defect; the environment is to be added to one's own."""
    row = table()[defect]
    if row["where"] == "bundle":
        return bundle(defect), {}
    return bundle("defective"), {VARIABLE: defect}


def bundle(name):
    """The path of a bundle: correct, minimal, defective, watched, or the id of a defect of bundles."""
    folder = cache() / name
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=cache()) as work:
            made = make(name, Path(work))
            publish(made.parent, folder)
    return next(folder.glob("*.driver"))


def publish(made, folder):
    """Two processes may have built the same; the first one's stays."""
    try:
        os.replace(made, folder)
    except OSError:
        if not folder.exists():
            raise


def cache():
    """The folder for this state of sources, compiler and flags."""
    root = os.environ.get("TYMPAN_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME") or tempfile.gettempdir()
    digest = hashlib.sha256(repr([compiler(), FLAGS, LINK, sys.platform, os.uname().machine]).encode())
    for path in sorted([*HERE.rglob("*.[ch]"), *HERE.glob("build.py"), ROOT / "tympan" / "coreaudio.h"]):
        digest.update(path.name.encode() + path.read_bytes())
    folder = Path(root) / f"tympan-subjects-{digest.hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def compiler():
    """The C compiler's command."""
    return os.environ.get("CC", "cc")


# ---- making one ----


def make(name, work):
    """Build a bundle below ``work``; its path, alone in its folder."""
    sources, executable, identifier = TONE if name == "minimal" else SUBJECT
    (work / "out").mkdir()
    path = work / "out" / f"{executable}.driver"
    binary = path / "Contents" / "MacOS" / executable
    binary.parent.mkdir(parents=True)
    link(name, compile_all(name, sources, work), binary, work)
    lay_out(path, PLISTS.get(name, plain)(plist(executable, identifier)))
    return path


def compile_all(name, sources, work):
    """The object files of a driver; those of the correct one have no defect in them."""
    defective = name in ("defective", "watched")
    files = [file for file in sorted(sources.glob("*.c")) if is_part(file.stem, defective)]
    objects = work / "objects"
    objects.mkdir()
    defines = ["-DDEFECTS"] if defective else []
    run(compiler(), *FLAGS, *defines, "-I", ROOT / "tympan", "-c", *files, cwd=objects)
    return sorted(objects.glob("*.o"))


def is_part(stem, defective):
    return stem not in ("watch", "spoil_bundle") and (defective or not stem.startswith("spoil"))


def link(name, objects, binary, work):
    """The binary, with what is added for one purpose."""
    added, flags = [], []
    if name == "watched":
        added, flags = [HERE / "watch.c"], [f"-Wl,--wrap={symbol}" for symbol in WRAPPED]
    if name in BINARIES:
        added, flags = [HERE / "spoil_bundle.c"], [f"-D{BINARIES[name]}"]
    run(compiler(), *FLAGS, "-I", ROOT / "tympan", *LINK, *flags, *objects, *added, *LIBRARIES, "-o", binary, cwd=work)


def run(*command, cwd):
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed\n{done.stderr}")


def plist(executable, identifier):
    """What Info.plist says when it is right."""
    factory = str(uuid.uuid5(uuid.NAMESPACE_DNS, identifier)).upper()
    return {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleExecutable": executable,
        "CFBundleIdentifier": identifier,
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundleName": executable,
        "CFBundlePackageType": "BNDL",
        "CFBundleShortVersionString": "1.0",
        "CFBundleSupportedPlatforms": ["MacOSX"],
        "CFBundleVersion": "1",
        "CFPlugInFactories": {factory: f"{executable}Factory"},
        "CFPlugInTypes": {TYPE: [factory]},
        "LSMinimumSystemVersion": "12.0",
    }


def lay_out(path, info):
    """Info.plist, and the smallest icon that is one: an empty family."""
    (path / "Contents" / "Info.plist").write_bytes(plistlib.dumps(info))
    (path / "Contents" / "Resources").mkdir()
    (path / "Contents" / "Resources" / "icon.icns").write_bytes(b"icns\0\0\0\x08")


# ---- defects of bundles ----


def plain(info):
    return info


def without_identifier(info):
    return {key: value for key, value in info.items() if key != "CFBundleIdentifier"}


def other_type(info):
    """A CFPlugIn, but for something else."""
    (factories,) = info["CFPlugInTypes"].values()
    return info | {"CFPlugInTypes": {"00112233-4455-6677-8899-AABBCCDDEEFF": factories}}


def unlisted_factory(info):
    return info | {"CFPlugInTypes": {TYPE: ["00112233-4455-6677-8899-AABBCCDDEEFF"]}}


def unexported_factory(info):
    (factory,) = info["CFPlugInFactories"]
    return info | {"CFPlugInFactories": {factory: "NoSuchFactory"}}


def application(info):
    return info | {"CFBundlePackageType": "APPL"}


PLISTS = {
    "bundle-without-identifier": without_identifier,
    "bundle-of-other-type": other_type,
    "bundle-factory-not-listed": unlisted_factory,
    "bundle-factory-not-exported": unexported_factory,
    "bundle-says-application": application,
}
BINARIES = {
    "bundle-exports-more": "SECOND_EXPORT",
    "bundle-uses-client-hal": "CLIENT_HAL",
}


def copy(name, folder):
    """A copy of a bundle that may be changed or loaded as another image; its path."""
    source = bundle(name)
    return Path(shutil.copytree(source, Path(folder) / source.name))


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["correct", "minimal"]:
        found, environment = subject(argument) if argument in table() else (bundle(argument), {})
        print(*(f"{key}={value}" for key, value in environment.items()), "python -m tympan check", found)
