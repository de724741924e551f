"""Bundles of the C drivers, by hand: cc and plistlib, nothing of tympan's builder."""

import os
import plistlib
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FLOOR = ROOT / "bench" / "floor.c"
DEFECTS = HERE / "defects.c"
TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"
FACTORY = "0A1B2C3D-4E5F-4607-8899-AABBCCDDEEFF"


def plist(name, factory="FloorFactory"):
    """What Info.plist of a driver says at least."""
    return {
        "CFBundleExecutable": name,
        "CFBundleIdentifier": f"org.tympan.test.{name}",
        "CFBundlePackageType": "BNDL",
        "CFPlugInFactories": {FACTORY: factory},
        "CFPlugInTypes": {TYPE: [FACTORY]},
    }


def compile_driver(source, binary, *defines):
    """cc -shared, with the flags that hide everything but the factory."""
    flags = ["-std=gnu11", "-O2", "-fPIC", "-fvisibility=hidden", "-shared", "-Wno-multichar", "-I", ROOT / "tympan"]
    command = [os.environ.get("CC", "cc"), *flags, *(f"-D{define}" for define in defines), source, "-o", binary]
    subprocess.run(command, check=True)


def make_bundle(folder, name, source=FLOOR, defines=(), info=None):
    """FOLDER/NAME.driver; answers its path."""
    bundle = Path(folder) / f"{name}.driver"
    (bundle / "Contents" / "MacOS").mkdir(parents=True)
    compile_driver(source, bundle / "Contents" / "MacOS" / name, *defines)
    (bundle / "Contents" / "Info.plist").write_bytes(plistlib.dumps(info or plist(name)))
    return bundle


def make_defect(folder, defect, *defines):
    """The floor driver with one defect of defects.c."""
    return make_bundle(folder, defect, DEFECTS, [f"DEFECT={defect}", *defines])
