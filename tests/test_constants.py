"""Every number that is typed in our own sources, compared with the table measured from Apple's headers."""

import json
import re
from pathlib import Path

import pytest

from tympan import IoOperation, OSStatus

ROOT = Path(__file__).parent.parent
CONSTANTS = json.loads((ROOT / "tests/data/coreaudio_abi.json").read_text())["constants"]
STATUSES = {
    "NO_ERROR": "kAudioHardwareNoError",
    "NOT_RUNNING": "kAudioHardwareNotRunningError",
    "UNSPECIFIED": "kAudioHardwareUnspecifiedError",
    "UNKNOWN_PROPERTY": "kAudioHardwareUnknownPropertyError",
    "BAD_PROPERTY_SIZE": "kAudioHardwareBadPropertySizeError",
    "ILLEGAL_OPERATION": "kAudioHardwareIllegalOperationError",
    "BAD_OBJECT": "kAudioHardwareBadObjectError",
    "BAD_DEVICE": "kAudioHardwareBadDeviceError",
    "BAD_STREAM": "kAudioHardwareBadStreamError",
    "UNSUPPORTED_OPERATION": "kAudioHardwareUnsupportedOperationError",
    "NOT_READY": "kAudioHardwareNotReadyError",
    "UNSUPPORTED_FORMAT": "kAudioDeviceUnsupportedFormatError",
    "NO_PERMISSION": "kAudioDevicePermissionsError",
}


@pytest.mark.parametrize("name,constant", STATUSES.items())
def test_status(name, constant):
    assert int(getattr(OSStatus, name)) == CONSTANTS[constant]


def test_no_status_is_left_out():
    own = {name for name, value in vars(OSStatus).items() if isinstance(value, OSStatus)}
    assert own == set(STATUSES)


@pytest.mark.parametrize("name", ["READ_INPUT", "WRITE_MIX"])
def test_operations_in_both_languages(name):
    constant = CONSTANTS["kAudioServerPlugInIOOperation" + name.title().replace("_", "")]
    in_c = re.search(rf"{name} = (0x[0-9A-Fa-f]+)", (ROOT / "tympan/_types.pxd").read_text())
    assert int(in_c[1], 16) == getattr(IoOperation, name) == constant


def test_a_status_reads_like_its_code():
    assert (str(OSStatus("nope")), str(OSStatus(0)), str(OSStatus(-50))) == ("nope", "0", "-50")
    assert OSStatus("nope") == 0x6E6F7065 and repr(OSStatus("who?")) == "OSStatus('who?')"


@pytest.mark.parametrize("bad", ["", "abc", "abcde"])
def test_a_status_has_four_characters(bad):
    with pytest.raises(ValueError, match="four characters"):
        OSStatus(bad)


def test_a_hal_error_is_an_error():
    from tympan import HalError

    assert HalError("nope").status == OSStatus.ILLEGAL_OPERATION
    with pytest.raises(ValueError, match="means success"):
        HalError(0)


def test_fourcc_literals_in_the_specs_are_known_codes():
    """Transport and terminal types of _spec.py."""
    codes = {value for name, value in CONSTANTS.items() if "TransportType" in name or "TerminalType" in name}
    for code in re.findall(r'"([a-z]{4})"', (ROOT / "tympan/_spec.py").read_text()):
        if code in ("micr", "spkr", "line", "hdph", "virt"):
            assert int.from_bytes(code.encode(), "big") in codes
