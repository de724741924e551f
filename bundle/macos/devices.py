"""The devices that Core Audio shows, by UID: asked of coreaudiod itself, never guessed from files (D1.9)."""

import json
import subprocess
import sys
from pathlib import Path

from tympan.bundle.macos.system import MacError

#: The child that asks; tests put a stand-in here.
PROBE = (sys.executable, "-I", str(Path(__file__).with_name("probe.py")))
SECONDS = 20

#: What must be as the bundle's declaration says: key of TympanDevices -> words.
COMPARED = {"Name": "name", "InputChannels": "number of input channels", "OutputChannels": "number of output channels"}


class Silent(MacError):
    """coreaudiod has not answered at all."""


def read(*uids):
    """A dictionary (UID, Name, InputChannels, OutputChannels, Rate, Hidden, Alive) per device.

    Hidden devices are among them only when their ``uids`` are given.
    """
    try:
        done = subprocess.run([*PROBE, *uids], capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Silent(
            f"coreaudiod has not answered for {SECONDS} seconds: a driver holds it up, most likely in a deadlock",
            "sudo sample coreaudiod shows in which driver; a driver must not call the HAL while the HAL calls it.",
        ) from None
    except OSError as error:
        raise MacError(f"Core Audio cannot be asked for its devices: {error.strerror}") from None
    lines = (done.stderr or done.stdout).strip().splitlines()
    try:
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise MacError(f"Core Audio cannot be asked for its devices: {lines[-1] if lines else 'no answer'}")
    return found


def by_uid(uid):
    """The device, or None."""
    return next((device for device in read(uid) if device.get("UID") == uid), None)


def differences(expected, found):
    """Sentences about what a device shows otherwise than its bundle declares."""
    for key, words in COMPARED.items():
        if key in expected and expected[key] != found.get(key):
            yield f"the {words} of {expected['UID']} is {found.get(key)!r}, and the bundle declares {expected[key]!r}"


def described(device):
    """A device in a few words."""
    inputs, outputs = device.get("InputChannels", 0), device.get("OutputChannels", 0)
    return f"{device.get('Name')} ({inputs} in, {outputs} out)"
