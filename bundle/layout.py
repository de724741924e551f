"""The folder of a ``.driver``: made beside its final place, verified there, and only then put into it."""

import os
import plistlib
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from tympan._errors import UsageError

#: How a file gets into a bundle.
RESOURCES = "List it in pyproject.toml: [tool.tympan] resources = [...]; it is copied to Contents/Resources."


@contextmanager
def scratch(output, name):
    """A new ``NAME.driver`` folder on the same disk as ``output``; gone afterwards unless moved away."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".tympan-", dir=output)
    except OSError as error:
        raise UsageError(
            f"{output}: cannot write there: {error.strerror}", "Choose another folder with --output."
        ) from None
    with folder as path:
        bundle = Path(path) / f"{name}.driver"
        (bundle / "Contents" / "MacOS").mkdir(parents=True)
        yield bundle


def add_icon(contents, config):
    """Copy the icon to where CFBundleIconFile says it is."""
    if config.icon:
        (contents / "Resources").mkdir(exist_ok=True)
        shutil.copyfile(config.icon, contents / "Resources" / f"{config.executable}.icns")


def add_resources(contents, config):
    """Copy what the project lists, and refuse to go on where the declaration names what is not there then."""
    folder = contents / "Resources"
    for source in map(Path, config.resources):
        folder.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, folder / source.name, symlinks=True)
        else:
            shutil.copyfile(source, folder / source.name)
    for icon in config.icons:
        if not (folder / icon).is_file():
            raise UsageError(f"the declaration has an icon {icon!r}, which is not in the bundle", RESOURCES)
    if config.resource_bundle and not (contents.parent / config.resource_bundle).exists():
        sentence = f"RESOURCE_BUNDLE is {config.resource_bundle!r}, which is not in the bundle"
        raise UsageError(sentence, RESOURCES)


def check_target(target):
    """An older bundle is replaced; anything else of that name is not ours to remove."""
    if os.path.lexists(target.parent) and not target.parent.is_dir():
        raise UsageError(f"{target.parent} is there and is not a folder", "Remove it, or choose another --output.")
    if os.path.lexists(target) and not (target / "Contents").is_dir():
        raise UsageError(f"{target} is there and is not a bundle", "Remove it, or choose another --output.")


def move(bundle, target):
    """Put the finished bundle in its place; the older one leaves with the scratch folder."""
    check_target(target)
    for attempt in range(10):
        with suppress(FileNotFoundError):
            os.rename(target, bundle.with_name(f"older-{attempt}"))
        with suppress(OSError):  # another process put its own there in between
            os.rename(bundle, target)
            return
    raise UsageError(f"{target} cannot be replaced", "Is another program building the same bundle?")


def clashes(output, config):
    """Sentences about other bundles in ``output`` that macOS could not tell from this one."""
    for file in sorted(output.glob("*.driver/Contents/Info.plist")):
        other = file.parents[1]
        if other.name == f"{config.executable}.driver":
            continue
        try:
            info = plistlib.loads(file.read_bytes())
            same_id = info.get("CFBundleIdentifier") == config.bundle_id
            same_factory = config.factory_uuid in info.get("CFPlugInFactories", {})
        except Exception:  # not a bundle of ours, or a damaged one
            continue
        if same_id or same_factory:
            what = f"bundle identifier {config.bundle_id}" if same_id else f"factory UUID {config.factory_uuid}"
            yield f"{other} has the same {what}; install only one of them"
