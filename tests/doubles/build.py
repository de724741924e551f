"""The doubles as one bundle: the subject's sources with another factory around them, compiled once per state."""

import hashlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from subjects import build as subjects

HERE = Path(__file__).resolve().parent
VARIABLE = "TYMPAN_DOUBLE"
#: Doubles that lack what the specification recommends (level s), or that hosts accept: a warning is due. Others fail.
WARNINGS = {
    "box-recommended-properties", "clock-stopped-device", "control-recommended-properties",
    "device-default-per-direction", "device-recommended-properties", "device-visible", "device-volume-on-main",
    "plugin-bundle-id", "plugin-recommended-properties", "stream-format-native", "stream-recommended-properties",
}  # fmt: skip
LIBRARIES = [*subjects.LIBRARIES, "-ldl"]


def bundle():
    """The path of Double.driver; without TYMPAN_DOUBLE it is correct."""
    folder = subjects.cache() / f"doubles-{_digest()}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=subjects.cache()) as work:
            subjects.publish(_make(Path(work)).parent, folder)
    return folder / "Double.driver"


def _digest():
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("*.[ch]"), HERE / "build.py"]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _make(work):
    path = work / "out" / "Double.driver"
    binary = path / "Contents" / "MacOS" / "Double"
    binary.parent.mkdir(parents=True)
    flags = [*subjects.FLAGS, "-I", subjects.ROOT / "tympan"]
    theirs = [file for file in sorted(subjects.HERE.glob("*.c")) if subjects.is_part(file.stem, False)]
    for kind, files in (("theirs", theirs), ("ours", sorted(HERE.glob("*.c")))):
        (work / kind).mkdir()
        defines = ["-DSubjectFactory=RealFactory"] if kind == "theirs" else []
        subjects.run(subjects.compiler(), *flags, *defines, "-c", *files, cwd=work / kind)
    objects = sorted(work.glob("*/*.o"))
    linked = [*subjects.LINK, *_export(work), *objects, *LIBRARIES]
    subjects.run(subjects.compiler(), *flags, *linked, "-o", binary, cwd=work)
    subjects.lay_out(path, subjects.plist("Double", "org.tympan.subject"))
    return path


def _export(work):
    """One symbol: the subject's factory is inside too."""
    if sys.platform == "darwin":
        return ["-Wl,-exported_symbol,_DoubleFactory"]
    (work / "exports").write_text("{ global: DoubleFactory; local: *; };")
    return [f"-Wl,--version-script={work / 'exports'}"]


def copy(folder):
    """A copy that may be changed; its path."""
    return Path(shutil.copytree(bundle(), Path(folder) / "Double.driver"))


def names():
    """Every double: what the sources call broken, and the rows of edits.c."""
    texts = "".join(file.read_text(encoding="utf-8") for file in HERE.glob("*.c"))
    rows = re.findall(r'^    \{"([a-z0-9-]+)",', texts, re.MULTILINE)
    return sorted({*re.findall(r'broken\("([a-z0-9-]+)"\)', texts), *rows})


if __name__ == "__main__":
    print(os.fspath(bundle()))
