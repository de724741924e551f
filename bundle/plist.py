"""Info.plist of a bundle, always the same bytes for the same configuration."""

import plistlib
import uuid

from tympan.bundle import permissions

#: kAudioServerPlugInTypeUUID as text; tests compare it with the header's bytes.
PLUGIN_TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"


def generate(config):
    """The bytes of Info.plist for a ``BundleConfig``."""
    return plistlib.dumps(contents(config), sort_keys=True)


def contents(config):
    """The keys of Info.plist: what CFPlugIn needs to find the factory, what Finder shows, what the sandbox allows.

    ``TympanDevices`` is the only one of ours: by it `install` and `doctor` know
    which device a bundle should make appear, without loading it.
    """
    keys = {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleExecutable": config.executable,
        "CFBundleIdentifier": config.bundle_id,
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundleName": config.name,
        "CFBundlePackageType": "BNDL",
        "CFBundleShortVersionString": config.version,
        "CFBundleSignature": "????",
        "CFBundleSupportedPlatforms": ["MacOSX"],
        "CFBundleVersion": config.version,
        "CFPlugInDynamicRegistration": "NO",
        "CFPlugInFactories": {config.factory_uuid: config.factory_name},
        "CFPlugInTypes": {PLUGIN_TYPE: [config.factory_uuid]},
        "LSMinimumSystemVersion": config.minimum_system,
    }
    if config.copyright:
        keys["NSHumanReadableCopyright"] = config.copyright
    if config.icon:
        keys["CFBundleIconFile"] = f"{config.executable}.icns"
    if config.devices:
        keys["TympanDevices"] = list(config.devices)
    return {**keys, **permissions.plist_keys(config.permissions)}


def is_uuid(text):
    """Whether ``text`` is a UUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
