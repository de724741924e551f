"""The shell scripts of a package: they run on Macs that have no Python, and with no environment to rely on."""

import shlex
from pathlib import Path

HERE = Path(__file__).parent
NEEDS_RESTART = ("postinstall", "uninstall")


def text(name, driver, root="/"):
    """One whole script for a ``Installed`` driver; ``root`` is the volume whose coreaudiod is running."""
    values = {"NAME": driver.name, "BUNDLE_ID": driver.bundle_id, "ROOT": str(root)}
    parts = ["#!/bin/sh\n", f"# {name} of {driver.name}, made by tympan.\n"]
    parts += [f"{key}={shlex.quote(value)}\n" for key, value in values.items()]
    parts += [(HERE / "restart.sh").read_text(encoding="utf-8")] if name in NEEDS_RESTART else []
    return "".join([*parts, (HERE / f"{name}.sh").read_text(encoding="utf-8")])


def write(path, name, driver, root="/"):
    """The same as an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(name, driver, root), encoding="utf-8")
    path.chmod(0o755)
