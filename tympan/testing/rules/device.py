"""Rules about a device's properties (hal-protocol B3)."""

import math
import os
import struct
import subprocess
import sys

from tympan.testing import _host
from tympan.testing.rules import _rows
from tympan.testing.rules._rule import Group, Skip, advise, require
from tympan.testing.rules._table import HOST_MADE, INPUT, MINIMUM_PERIOD, OUTPUT

rule = Group("device", "Devices", "B3")

_ALGORITHMS = ("raww", "iirf", "mavg")
_TRANSPORTS = (
    "bltn", "grup", "virt", "pci ", "usb ", "1394", "blue", "blea", "hdmi", "dprt", "airp", "eavb", "thun", "ccwd",
    "ccwl", "ccap",
)  # fmt: skip
_FASTEST = 10_000_000  # Hz; more is a mistake of units


@rule(
    "device-required-properties",
    "Every device has the M properties of B3 in the scopes it has streams in, 'hidn', 'dch2' and 'sflt' among them.",
    "The device is invisible, or cannot be chosen.",
    "AppFaders, lesson 3; tympan-aspl E4",
)
def device_required_properties(s):
    _rows.required(s, "device")


@rule(
    "device-recommended-properties",
    "Every device has 'srnd', its channel layout, in the scopes it has streams in.",
    "Surround applications offer stereo only.",
    "tympan-aspl E4",
)
def device_recommended_properties(s):
    _rows.recommended(s, "device")


@rule(
    "device-settable",
    "Of a device, 'nsrt' is settable, and no other property that B3 says is not.",
    "The sample rate cannot be chosen, or an application sets what the driver then ignores.",
    "tympan-aspl E9",
)
def device_settable(s):
    _rows.settable(s, "device")


@rule(
    "device-value-sizes",
    "Every property of a device has the size of its type, and writes as many bytes as it said.",
    "Values are cut or read beyond their end.",
    "BlackHole #665",
)
def device_value_sizes(s):
    _rows.sizes(s, "device")


@rule(
    "device-flags",
    "The Boolean properties of a device (livn goin dflt sflt hidn cstb iden resc resf) are 0 or 1.",
    "The device is hidden, or cannot be made the default.",
)
def device_flags(s):
    _rows.flags(s, "device")


@rule("device-name", "'lnam' and 'lmak' of every device are not empty.", "A device without a name in every list.")
def device_name(s):
    _rows.texts(s, "device", "lnam", "lmak")


@rule(
    "device-uid",
    "'uid ' and 'muid' of every device are not empty, and differ.",
    "Applications forget the device, or take one device for another.",
    "tympan-aspl E18",
)
def device_uid(s):
    with s.open() as session:
        for device in session.devices(streams=False):
            uid, model = device.uid, session.plugin.get_string(device, "muid")
            require(uid.strip() and model.strip(), f"device {device.id}: UID {uid!r}, model UID {model!r}")
            require(uid != model, f"device {device.id} has {uid!r} for its UID and its model UID")


@rule(
    "device-uid-stable",
    "The UIDs of the devices are the same in another process.",
    "Applications forget the device, and macOS its settings, at each restart.",
    "libASPL's default UID",
    isolated=True,
)
def device_uid_stable(s):
    there = _uids_elsewhere(s)
    here = _uids(s)
    require(here == there, f"the UIDs are {', '.join(here)} here and {', '.join(there)} in another process")


def _uids(s):
    with s.open() as session:
        return sorted(device.uid for device in session.devices(streams=False))


def _uids_elsewhere(s):
    """The same in another process: one that is forked before the driver is loaded here, where that is possible."""
    if not sys.platform.startswith("linux"):
        command = [sys.executable, "-c", _UIDS, str(s.path)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    reader, writer = os.pipe()
    if not os.fork():
        try:
            os.write(writer, "\n".join(_uids(s)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8", errors="replace") as pipe:
        text = pipe.read()
    os.wait()
    return text.splitlines()


_UIDS = """
import sys
from pathlib import Path
from tympan.testing.rules import device
from tympan.testing.rules._subject import Subject
print(*device._uids(Subject(Path(sys.argv[1]))), sep="\\n")
"""


@rule(
    "device-alive",
    "'livn' of a listed device is 1.",
    "The device is listed, and every use of it fails.",
)
def device_alive(s):
    with s.open() as session:
        for device in session.things("device"):
            require(_rows.read(session, device, "livn") in (1, None), f"'livn' of {device} is not 1")


@rule(
    "device-transport",
    "'tran' is one of the transport types of AudioHardwareBase.h ('virt' for a virtual device).",
    "The device has the wrong icon, or is left out where only some transports are offered.",
)
def device_transport(s):
    with s.open() as session:
        for device in session.things("device"):
            if session.plugin.has(device, "tran"):
                found = session.plugin.get_code(device, "tran")
                require(found in (*_TRANSPORTS, "0"), f"'tran' of {device} is {found!r}")
                advise(found != "0", f"'tran' of {device} is 0, unknown")


@rule(
    "device-rate-available",
    "'nsrt' is one of the rates in 'nsr#'.",
    "Audio MIDI Setup shows no rate, and applications refuse the device.",
)
def device_rate_available(s):
    with s.open() as session:
        for device in session.devices(streams=False):
            rate, ranges = device.sample_rate, device.sample_rates
            require(any(low <= rate <= high for low, high in ranges), f"{rate:g} Hz is not in {ranges}")


@rule(
    "device-rates-valid",
    "'nsr#' holds one range at least; each is positive and finite, with its minimum first, and none twice.",
    "Audio MIDI Setup offers no rate or impossible ones.",
    "BGM #584",
)
def device_rates_valid(s):
    with s.open() as session:
        for device in session.devices(streams=False):
            ranges = device.sample_rates
            require(ranges, f"'nsr#' of device {device.id} is empty")
            for low, high in ranges:
                fine = math.isfinite(low) and math.isfinite(high) and 0 < low <= high <= _FASTEST
                require(fine, f"'nsr#' of device {device.id} has the range {low:g} ... {high:g} Hz")
            require(len(set(ranges)) == len(ranges), f"'nsr#' of device {device.id} has a range twice: {ranges}")


@rule(
    "device-period",
    f"'ring', the period of zero time stamps, is at least {MINIMUM_PERIOD:,} frames.",
    "Glitches and drift; large buffers are refused.",
    "SoundPusher: 1,536; tympan-aspl: 8,000",
)
def device_period(s):
    with s.open() as session:
        for device in session.devices(streams=False):
            require(device.period >= MINIMUM_PERIOD, f"'ring' of device {device.id} is {device.period}")


@rule(
    "device-stereo-channels",
    "'dch2' names two channels of its direction, counted from 1; both are 1 only where there is one channel.",
    "Stereo comes out of the wrong channels, or of one.",
    "AppFaders, lesson 3",
)
def device_stereo_channels(s):
    with s.open() as session:
        for device in session.devices():
            for scope in (INPUT, OUTPUT):
                channels = device.channels(scope)
                if not channels or not session.plugin.has(device, "dch2", scope):
                    continue
                left, right = struct.unpack("<2I", session.plugin.get(device, "dch2", scope, size=8))
                shown = f"'dch2' ({scope}) of device {device.id} is [{left}, {right}], of {channels} channels"
                require(1 <= left <= channels and 1 <= right <= channels, shown)
                require(left != right or channels == 1, shown)


@rule(
    "device-channel-layout",
    "'srnd' describes as many channels as its direction has: by descriptions (12 + 20 n bytes) or by its tag.",
    "Surround channels are swapped, or an application crashes reading the layout.",
    "BlackHole above 8 channels",
)
def device_channel_layout(s):
    with s.open() as session:
        for device in session.devices():
            for scope in (INPUT, OUTPUT):
                channels = device.channels(scope)
                if not channels or not session.plugin.has(device, "srnd", scope):
                    continue
                data = session.plugin.get(device, "srnd", scope)
                tag, bitmap, count = struct.unpack_from("<3I", data)
                where = f"'srnd' ({scope}) of device {device.id}"
                require(len(data) >= 12 + 20 * count, f"{where} has {count} descriptions in {len(data)} bytes")
                described = count if tag == 0 else bitmap.bit_count() if tag == 0x10000 else tag & 0xFFFF
                require(described == channels, f"{where} describes {described} channels, and there are {channels}")


@rule(
    "device-clock-algorithm",
    "'clok', where it is there, is 'raww', 'iirf' or 'mavg'.",
    "The sound system ignores the choice, and the clock wavers.",
)
def device_clock_algorithm(s):
    with s.open() as session:
        for device in session.things("device"):
            if session.plugin.has(device, "clok"):
                found = session.plugin.get_code(device, "clok")
                require(found in _ALGORITHMS, f"'clok' of {device} is {found!r}")


@rule(
    "device-host-made-properties",
    f"Properties that the HAL makes itself ({' '.join(HOST_MADE)}) are left to it: HasProperty says no.",
    "Buffer sizes cannot be chosen, or the chosen one has no effect.",
)
def device_host_made_properties(s):
    with s.open() as session:
        for device in session.things("device"):
            keys = [(key, scope) for key in HOST_MADE for scope in ("glob", INPUT, OUTPUT)]
            there = [key for key, scope in keys if session.plugin.has(device, key, scope)]
            require(not there, f"{device} has {', '.join(dict.fromkeys(there))}")


@rule(
    "device-channel-names",
    "Devices of more than 2 channels name them: 'lchn' in each direction, elements 1 to n; names are not empty.",
    "Channels have no names in a DAW's routing.",
    "OpenVirtualSoundcard has them",
    reference="B0",
)
def device_channel_names(s):
    with s.open() as session:
        for device in session.devices():
            for scope in (INPUT, OUTPUT):
                channels = device.channels(scope)
                named = [n for n in range(1, channels + 1) if session.plugin.has(device, "lchn", scope, n)]
                empty = [n for n in named if not session.plugin.get_string(device, "lchn", scope, n).strip()]
                advise(not empty, f"device {device.id} has an empty name for channel {empty[:1]} ({scope})")
                extra = session.plugin.has(device, "lchn", scope, channels + 1)
                require(not extra, f"device {device.id} names channel {channels + 1} of {channels} ({scope})")
                short = f"device {device.id} names {len(named)} of its {channels} channels ({scope})"
                advise(len(named) == channels or channels <= 2, short)


@rule(
    "device-icon",
    "'icon', where it is there, is a CFURL.",
    "The device has no icon, or an application crashes showing it.",
)
def device_icon(s):
    with s.open() as session:
        for device in session.things("device"):
            if not session.plugin.has(device, "icon"):
                continue
            address = struct.unpack("<Q", session.plugin.get(device, "icon", size=8))[0]
            kind = _host.kind_of(address)
            require(kind == "url", f"'icon' of {device} is no CFURL but {kind or 'no object'}")
            _host.release(address)


@rule(
    "device-default-per-direction",
    "'dflt' and 'sflt' are there for each direction that has streams, and a device without streams has neither as 1.",
    "The device cannot be chosen as default, or alert sounds go to it.",
    "BlackHole #10, #109, #526",
)
def device_default_per_direction(s):
    with s.open() as session:
        for device in session.things("device"):
            for selector in ("dflt", "sflt"):
                for scope, streams in ((INPUT, device.inputs), (OUTPUT, device.outputs)):
                    value = None if streams else _rows.read(session, device, selector, scope)
                    advise(not value, f"'{selector}' ({scope}) of {device} is {value}, and it has no stream there")


@rule(
    "device-volume-on-main",
    "A device with output volume controls has one on element 0, for the volume keys of the keyboard.",
    "The keyboard's volume keys do nothing.",
    "BlackHole #31, #49",
    reference="B5",
)
def device_volume_on_main(s):
    with s.open() as session:
        for device in session.things("device"):
            volumes = [item for item in device.controls if item.cls == "vlme" and _scope(session, item) == OUTPUT]
            elements = [_rows.read(session, item, "celm") for item in volumes]
            advise(not elements or 0 in elements, f"{device} has output volumes on elements {elements} and none on 0")


def _scope(session, control):
    return session.plugin.get_code(control, "cscp") if session.plugin.has(control, "cscp") else ""


@rule(
    "device-visible",
    "A plug-in with devices shows one at least: 'hidn' of one of them is 0.",
    "The driver is installed, and no device appears.",
    "AppFaders, lesson 3",
)
def device_visible(s):
    with s.open() as session:
        hidden = [_rows.read(session, device, "hidn") for device in session.things("device")]
        if session.world.plugin.boxes:
            raise Skip("the plug-in has boxes, which show its devices")
        advise(0 in hidden or None in hidden, "every device is hidden")


