"""What PATH on the command line means: a .pyx, a folder that holds one, or a project with ``[tool.tympan]``."""

import difflib
import os
import re
import tomllib
from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle import fields, permissions, plist
from tympan.bundle import source as sources

#: The keys of ``[tool.tympan]`` in pyproject.toml, all optional.
KEYS = (
    "driver", "class", "name", "bundle-id", "factory-uuid", "factory", "copyright", "icon", "resources", "realtime",
    *permissions.KEYS,
)  # fmt: skip

#: What ``[tool.tympan.realtime]`` is for.
ALLOW = 'Write allow = { malloc = "the reason why it may" }.'

BUNDLE_ID = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Project:
    """One driver's source file and the settings that go with it."""

    def __init__(self, path, settings):
        self.path = path
        self.settings = settings

    @property
    def allow(self):
        """{name: reason} of what the realtime check shall let pass."""
        return self.settings.get("realtime", {}).get("allow", {})

    def inspect(self):
        """Read the source and find the driver class."""
        found = sources.inspect(self.path, self.settings.get("class"))
        fields.check(self.path)
        return found


def shown(path):
    """``path`` as a person wants to read it: relative when it is below the current folder."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def find(path):
    """The project at ``path``."""
    path = Path(path)
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    if path.name == "pyproject.toml":
        path = path.parent
    if path.suffix == ".driver":
        raise UsageError(f"{path} is a bundle already", "Give the driver's .pyx, its folder or its project.")
    return from_folder(path) if path.is_dir() else from_file(path)


def from_file(path):
    """The project of one .pyx; a pyproject.toml beside it counts when it is about this file."""
    if path.suffix != ".pyx":
        raise UsageError(f"{path} is not a .pyx file", "A driver is written in Cython, in a file such as gain.pyx.")
    settings = read_settings(path.parent)
    named = settings.get("driver")
    about_this = named is None or (path.parent / named).resolve() == path.resolve()
    return Project(path, settings if about_this else {})


def from_folder(folder):
    """The project in ``folder``."""
    settings = read_settings(folder)
    if "driver" not in settings:
        return Project(only_driver(folder), settings)
    path = folder / settings["driver"]
    if path.suffix != ".pyx" or not path.is_file():
        raise UsageError(f"{shown(folder / 'pyproject.toml')}: driver = {settings['driver']!r} is not a .pyx file")
    return Project(path, settings)


def only_driver(folder):
    """The one .pyx of ``folder`` with a driver in it."""
    found = sorted(folder.glob("*.pyx"))
    if not found:
        raise UsageError(f"{folder}: there is no .pyx file in this folder", "Give the .pyx itself, or its folder.")
    drivers = found if len(found) == 1 else [path for path in found if sources.has_driver(path)]
    if len(drivers) == 1:
        return drivers[0]
    if not drivers:
        raise UsageError(f"{folder}: no driver in any of {names(found)}", sources.WHAT_A_DRIVER_IS)
    raise UsageError(
        f"{folder}: more than one driver: {names(drivers)}",
        "Give one of the files, or name it in pyproject.toml: [tool.tympan] driver = ...",
    )


def names(paths):
    """The file names of ``paths`` for a sentence."""
    return ", ".join(path.name for path in paths)


def read_settings(folder):
    """The checked ``[tool.tympan]`` of the pyproject.toml in ``folder``, or nothing."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        return {}
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("tympan", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown(file)}: not readable as TOML: {error}") from None
    for key, value in table.items():
        check_setting(shown(file), key, value)
    if "icon" in table:
        check_icon(shown(file), folder / table["icon"], table["icon"])
        table["icon"] = str(folder / table["icon"])
    if "resources" in table:
        table["resources"] = [str(found_resource(shown(file), folder, name)) for name in table["resources"]]
    return table


def check_icon(file, path, value):
    """Refuse a file that Finder would not take for an icon."""
    if not path.is_file():
        raise UsageError(f"{file}: [tool.tympan] icon = {value!r}: there is no such file")
    with path.open("rb") as opened:
        if opened.read(4) != b"icns":
            raise UsageError(f"{file}: [tool.tympan] icon = {value!r} is not an .icns file", "iconutil makes one.")


def found_resource(file, folder, name):
    """The path of a file or folder for Contents/Resources."""
    if not (folder / name).exists():
        raise UsageError(f"{file}: [tool.tympan] resources: there is no {name!r}", f"It is looked for in {folder}.")
    return folder / name


def check_setting(file, key, value):
    """Refuse an unknown key or a value that cannot be used."""
    if key not in KEYS:
        close = difflib.get_close_matches(key, KEYS, 1)
        hint = f"Did you mean {close[0]}?" if close else f"The keys are {', '.join(KEYS)}."
        raise UsageError(f"{file}: [tool.tympan] has no key {key!r}", hint)
    if key == "realtime":
        check_realtime(file, value)
        return
    if key in permissions.KEYS:
        if problem := permissions.wrong(key, value):
            raise UsageError(f"{file}: [tool.tympan] {key} = {value!r} is {problem}")
        return
    if key == "resources":
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            raise UsageError(f"{file}: [tool.tympan] resources = {value!r} is no list of names of files and folders")
        return
    if not isinstance(value, str) or not value:
        raise UsageError(f"{file}: [tool.tympan] {key} must be text, not {value!r}")
    if not CHECKS.get(key, bool)(value):
        raise UsageError(f"{file}: [tool.tympan] {key} = {value!r} is {WRONG[key]}")


def check_realtime(file, value):
    """Refuse an allowance without a reason."""
    allow = value.get("allow", {}) if isinstance(value, dict) else None
    if not isinstance(allow, dict) or set(value) - {"allow"}:
        raise UsageError(f"{file}: [tool.tympan.realtime] has one key, allow, and it is a table", ALLOW)
    for name, reason in allow.items():
        if not isinstance(reason, str) or not reason.strip():
            raise UsageError(f"{file}: [tool.tympan.realtime] allows {name!r} without a reason", ALLOW)


CHECKS = {
    "name": lambda text: "/" not in text and not text.startswith("."),
    "bundle-id": BUNDLE_ID.fullmatch,
    "factory-uuid": plist.is_uuid,
    "factory": re.compile(r"[A-Za-z][A-Za-z0-9_]*").fullmatch,
}
WRONG = {
    "name": "not usable as a file name",
    "bundle-id": "not an identifier in reverse DNS form, such as com.example.Gain",
    "factory-uuid": "not a UUID; uuidgen makes one",
    "factory": "not usable as the name of a C function",
}
