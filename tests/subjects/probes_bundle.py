"""What can be read from the files (hal-protocol C1)."""

import plistlib

import lief
from subjects.build import TYPE
from subjects.lab import probe


def info(path):
    return plistlib.loads((path / "Contents" / "Info.plist").read_bytes())


def binary(path):
    return lief.parse(str(path / "Contents" / "MacOS" / info(path)["CFBundleExecutable"]))


@probe("bundle-without-identifier", bundle="path")
def has_identifier(path):
    return info(path).get("CFBundleIdentifier")


@probe("bundle-of-other-type", bundle="path")
def is_audio_driver(path):
    return TYPE in info(path)["CFPlugInTypes"]


@probe("bundle-factory-not-listed", bundle="path")
def factory_is_listed(path):
    found = info(path)
    return set(found["CFPlugInTypes"].get(TYPE, ["?"])) <= set(found["CFPlugInFactories"])


@probe("bundle-factory-not-exported", bundle="path")
def factory_is_exported(path):
    return set(info(path)["CFPlugInFactories"].values()) <= exported(path)


@probe("bundle-says-application", bundle="path")
def is_bundle(path):
    return info(path)["CFBundlePackageType"] == "BNDL"


def exported(path):
    parsed = binary(path)  # lives as long as its symbols are looked at
    return {symbol.name for symbol in parsed.exported_symbols}


@probe("bundle-exports-more", bundle="path")
def one_export(path):
    return len(exported(path)) == 1


@probe("bundle-uses-client-hal", bundle="path")
def no_client_hal(path):
    parsed = binary(path)
    wanted = [symbol.name for symbol in parsed.dynamic_symbols if symbol.shndx == 0]  # weak ones too
    return not [name for name in wanted if name.startswith(("AudioObject", "AudioHardware", "AudioDevice"))]
