"""The drivers in the HAL folder, tympan's or not, by what their Info.plist says; nothing is loaded."""

import plistlib

#: What two drivers must not share: attribute -> words for it, and what happens.
UNIQUE = {
    "bundle_id": ("bundle identifier", "macOS keeps the settings of both under it"),
    "factories": ("factory UUID", "CFPlugIn finds only one of them"),
    "uids": ("device UID", "only one of the devices appears"),
}


class Installed:
    """One driver: its folder, and the facts that identify it. A broken Info.plist gives empty facts."""

    def __init__(self, path):
        self.path = path
        self.info = read_info(path)
        self.name = path.name
        self.bundle_id = text(self.info.get("CFBundleIdentifier"))
        self.version = text(self.info.get("CFBundleShortVersionString"))
        self.executable = text(self.info.get("CFBundleExecutable"))
        self.minimum_system = text(self.info.get("LSMinimumSystemVersion"))
        factories = self.info.get("CFPlugInFactories")
        self.factories = {str(key).upper() for key in factories} if isinstance(factories, dict) else set()
        devices = self.info.get("TympanDevices")
        devices = devices if isinstance(devices, list) else []
        self.devices = [item for item in devices if isinstance(item, dict) and isinstance(item.get("UID"), str)]
        self.uids = {item["UID"] for item in self.devices}

    @property
    def receipt(self):
        """The identifier of the package that `tympan package` makes of it."""
        return f"{self.bundle_id}.pkg"


def text(value):
    """A string as it is, anything else as nothing."""
    return value if isinstance(value, str) else ""


def read_info(path):
    """Info.plist, or {} when there is none that can be read."""
    try:
        info = plistlib.loads((path / "Contents" / "Info.plist").read_bytes())
    except Exception:  # plistlib raises whatever its parsers raise
        return {}
    return info if isinstance(info, dict) else {}


def scan(hal):
    """Every driver in a HAL folder, in alphabetical order."""
    return [Installed(path) for path in sorted(hal.glob("*.driver")) if path.is_dir()]


def find(hal, name):
    """The driver that ``name`` means: a folder's name, with or without .driver, or a bundle identifier."""
    name = name.rstrip("/").rpartition("/")[2]
    matches = (name, f"{name}.driver")
    return next((driver for driver in scan(hal) if driver.name in matches or driver.bundle_id == name), None)


def clashes(driver, others):
    """(other driver, words, what happens) for everything that must be unique and is not."""
    for other in others:
        for attribute, (words, effect) in UNIQUE.items():
            same = shared(getattr(driver, attribute), getattr(other, attribute))
            if other.path != driver.path and same:
                yield other, f"{words} {same}", effect


def shared(one, other):
    """What two facts have in common, as text."""
    if isinstance(one, set):
        return ", ".join(sorted(one & other))
    return one if one == other else ""


def pairs(drivers):
    """Each clash among ``drivers`` once: (driver, other, words, what happens)."""
    for index, driver in enumerate(drivers):
        for other, words, effect in clashes(driver, drivers[index + 1 :]):
            yield driver, other, words, effect
