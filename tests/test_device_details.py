"""What a DeviceSpec says beyond streams and rates, as a host reads it (hal-protocol B0, B3, B4)."""

import json
import struct
from pathlib import Path

import pytest
from made_drivers import device_spec, driver_class

from tympan import DeviceSpec, OSStatus, SpecError, StreamFormat, StreamSpec
from tympan.testing import Host

DEVICE, INPUT, OUTPUT = 2, 3, 4
BARE = device_spec()
TABLE = json.loads((Path(__file__).parent / "data" / "coreaudio_abi.json").read_text())["constants"]


def code(text):
    return int.from_bytes(text.encode(), "big")


def status(text):
    return int(OSStatus(text))


@pytest.fixture
def hal():
    with Host() as host:
        yield host


@pytest.mark.parametrize("selector", ["snum", "fwvn", "iden", "icon", "capp", "resc", "resf", "lmod"])
def test_what_is_not_declared_is_not_there(hal, selector):
    plugin = hal.attach(driver_class(BARE))
    assert not plugin.has(DEVICE, selector)
    assert plugin.table.get(DEVICE, code(selector), code("glob"), 0, b"", 8)[0] == status("who?")
    assert plugin.table.set(DEVICE, code(selector), code("glob"), 0, bytes(4)) == status("who?")


def test_texts(hal):
    spec = (
        BARE.with_serial_number("0042").with_firmware_version("1.2 β")
        .with_configuration_application("com.example.Panel")
    )  # fmt: skip
    plugin = hal.attach(driver_class(spec))
    texts = {selector: plugin.get_string(DEVICE, selector) for selector in ("snum", "fwvn", "capp")}
    assert texts == {"snum": "0042", "fwvn": "1.2 β", "capp": "com.example.Panel"}
    for selector in texts:
        assert not plugin.is_settable(DEVICE, selector)
        assert not any(plugin.has(DEVICE, selector, scope) for scope in ("inpt", "outp"))
        assert not plugin.has(DEVICE, selector, "glob", 1)


@pytest.mark.parametrize("name,found", [("usb", "usb "), ("virtual", "virt"), ("firewire", "1394"), ("avb", "eavb")])
def test_transport(hal, name, found):
    assert hal.attach(driver_class(BARE.with_transport(name))).get_code(DEVICE, "tran") == found


def test_every_transport_is_the_headers():
    from tympan._spec import TRANSPORTS

    known = {value for name, value in TABLE.items() if name.startswith("kAudioDeviceTransportType") and value}
    assert {code(text) for text in TRANSPORTS.values()} == known


def test_every_clock_algorithm_is_the_headers(hal):
    from tympan._spec import CLOCK_ALGORITHMS

    known = {"raw": "Raw", "iir": "SimpleIIR", "moving_average": "12PtMovingWindowAverage"}
    expected = {name: TABLE[f"kAudioDeviceClockAlgorithm{suffix}"] for name, suffix in known.items()}
    assert {name: code(text) for name, text in CLOCK_ALGORITHMS.items()} == expected
    plugin = hal.attach(driver_class(BARE.with_clock_algorithm("moving_average", stable=False)))
    assert (plugin.get_code(DEVICE, "clok"), plugin.get_uint32(DEVICE, "cstb")) == ("mavg", 0)


def test_the_clock_unless_declared(hal):
    plugin = hal.attach(driver_class(BARE))
    assert (plugin.get_code(DEVICE, "clok"), plugin.get_uint32(DEVICE, "cstb")) == ("raww", 1)
    assert plugin.get_uint32(DEVICE, "clkd") == 0


def test_default_device_by_scope(hal):
    spec = BARE.with_default_device(True, True, scope="output").with_default_device(False, scope="input")
    plugin = hal.attach(driver_class(spec))
    assert [plugin.get_uint32(DEVICE, sel, s) for sel in ("dflt", "sflt") for s in ("inpt", "outp")] == [0, 1, 0, 1]


def test_restoring(hal):
    plugin = hal.attach(driver_class(BARE.with_restoring(controls=False)))
    assert plugin.get_uint32(DEVICE, "resc") == 0 and not plugin.has(DEVICE, "resf")


def test_restoring_neither(hal):
    plugin = hal.attach(driver_class(BARE.with_restoring(controls=False, formats=False)))
    assert plugin.get_uint32(DEVICE, "resc") == plugin.get_uint32(DEVICE, "resf") == 0


# ---- identify ----


def test_identify_is_heard_once_per_change(hal):
    heard = []
    methods = {"identify": lambda self, device, on: heard.append((device, on))}
    plugin = hal.attach(driver_class(BARE.with_identify(), **methods))
    assert plugin.is_settable(DEVICE, "iden") and plugin.get_uint32(DEVICE, "iden") == 0
    for value in (1, 1, 7, 0, 0):
        plugin.set_uint32(DEVICE, "iden", value)
        assert plugin.get_uint32(DEVICE, "iden") == (value != 0)
    hal.pump()
    notes = [note for note in hal.notifications if note.selector == "iden"]
    assert heard == [(0, True), (0, False)] and all(on in (True, False) for _, on in heard)
    assert [note.object for note in notes] == [DEVICE, DEVICE]


def test_identify_says_which_device(hal):
    heard = []

    def devices(self):
        return [device_spec(), DeviceSpec("com.example.twin", "Twin", "t").with_output(
            StreamSpec.output(StreamFormat.float32(48_000.0))).with_identify()]  # fmt: skip

    plugin = hal.attach(driver_class(devices=devices, identify=lambda self, device, on: heard.append(device)))
    (twin,) = [device for device in plugin.get_ids(1, "dev#") if plugin.has(device, "iden")]
    plugin.set_uint32(twin, "iden", 1)
    assert heard == [1]


def test_identify_that_raises_changes_the_property_all_the_same(hal):
    def identify(self, device, on):
        raise RuntimeError("the lamp is broken")

    plugin = hal.attach(driver_class(BARE.with_identify(), identify=identify))
    plugin.set_uint32(DEVICE, "iden", 1)
    assert plugin.get_uint32(DEVICE, "iden") == 1


# ---- related devices ----


def other(name, *related):
    spec = DeviceSpec(f"com.example.{name}", name, "t").with_output(StreamSpec.output(StreamFormat.float32(48_000.0)))
    return spec.with_related(*(f"com.example.{uid}" for uid in related))


def test_related_devices_and_clock_domains(hal):
    def devices(self):
        return [other("a").with_clock_domain(7), other("b"), other("c", "a").with_clock_domain(7), other("d", "c")]

    plugin = hal.attach(driver_class(devices=devices))
    a, b, c, d = plugin.get_ids(1, "dev#")
    assert plugin.get_ids(a, "akin") == plugin.get_ids(c, "akin") == plugin.get_ids(d, "akin") == [a, c, d]
    assert plugin.get_ids(b, "akin") == [b]
    assert [plugin.get_uint32(device, "clkd") for device in (a, b, c, d)] == [7, 0, 7, 0]


def test_a_relation_to_nobody():
    with Host() as hal, pytest.raises(Exception, match="what"):
        hal.attach(driver_class(devices=lambda self: [other("a", "nobody")]))


# ---- channels ----


def test_stereo_pairs(hal):
    plugin = hal.attach(driver_class(device_spec(4, 1).with_stereo_pair(3, 4, scope="output")))
    assert struct.unpack("<2I", plugin.get(DEVICE, "dch2", "outp")) == (3, 4)
    assert struct.unpack("<2I", plugin.get(DEVICE, "dch2", "inpt")) == (1, 1)


def test_a_layout_by_its_tag(hal):
    plugin = hal.attach(driver_class(device_spec(6, 2).with_channel_layout("MPEG_5_1_A", scope="output")))
    assert plugin.size(DEVICE, "srnd", "outp") == 12
    tag = TABLE["kAudioChannelLayoutTag_MPEG_5_1_A"]
    assert struct.unpack("<3I", plugin.get(DEVICE, "srnd", "outp")) == (tag, 0, 0) and tag & 0xFFFF == 6
    assert plugin.size(DEVICE, "srnd", "inpt") == 12 + 20 * 2, "the other scope has the usual one"


def test_a_layout_of_any_number_of_channels(hal):
    plugin = hal.attach(driver_class(device_spec(5, 0).with_channel_layout("DiscreteInOrder")))
    (tag,) = struct.unpack_from("<I", plugin.get(DEVICE, "srnd", "outp"))
    assert tag == TABLE["kAudioChannelLayoutTag_DiscreteInOrder"] | 5


def test_a_layout_by_labels(hal):
    labels = ["Left", "Right", "Center", "LFEScreen", "Discrete_7"]
    plugin = hal.attach(driver_class(device_spec(5, 0).with_channel_layout(labels)))
    data = plugin.get(DEVICE, "srnd", "outp")
    assert struct.unpack_from("<3I", data) == (0, 0, 5)
    found = [item[0] for item in struct.iter_unpack("<II3f", data[12:])]
    assert found == [TABLE[f"kAudioChannelLabel_{name}"] for name in labels]


def test_names_of_layouts_are_the_headers():
    from tympan._layout_codes import LABELS, TAGS

    assert {name: TABLE[f"kAudioChannelLabel_{name}"] & 0xFFFFFFFF for name in LABELS} == LABELS
    assert {name: TABLE[f"kAudioChannelLayoutTag_{name}"] & 0xFFFFFFFF for name in TAGS} == TAGS
    assert len(TAGS) > 100 and len(LABELS) > 60


# ---- rates and formats ----


def test_ranges_of_rates(hal):
    spec = BARE.with_sample_rates(44_100, (47_000, 96_000))
    device = hal.attach(driver_class(spec)).device()
    assert device.sample_rates == [(44_100.0, 44_100.0), (47_000.0, 96_000.0)]
    for stream in device.streams():
        assert [(low, high) for _, low, high in stream.formats] == device.sample_rates
    for rate in (47_000.0, 48_000 / 1.001, 88_200.0, 96_000.0, 44_100.0):
        device.set_sample_rate(rate)
        assert device.sample_rate == rate
        assert {stream.format.sample_rate for stream in device.streams()} == {rate}
    for rate in (46_999.9, 96_000.1, 44_100.5, float("nan")):
        answer = device.plugin.table.set(DEVICE, code("nsrt"), code("glob"), 0, struct.pack("<d", rate))
        assert answer == status("!dat")


def test_the_clock_runs_at_any_rate_of_a_range():
    """48000/1.001 Hz is no multiple of 1/65536 Hz: the clock takes the nearest one."""
    rate = 48_000 / 1.001
    with Host(timebase=(125, 3)) as hal:
        device = hal.attach(driver_class(BARE.with_sample_rates((47_000, 49_000)))).device()
        device.set_sample_rate(rate)
        client = device.add_client()
        device.start(client)
        start = device.plugin.table.zero_time_stamp(DEVICE)
        hal.advance(86_400.0)
        end = device.plugin.table.zero_time_stamp(DEVICE)
        seconds = (end[2] - start[2]) / hal.ticks_per_second
        assert abs((end[1] - start[1]) - seconds * rate) < 86_400 / 131_072
        device.stop(client)


def test_several_formats(hal):
    formats = [StreamFormat.int16(48_000.0), StreamFormat.int24(48_000.0), StreamFormat.float32(48_000.0, 6)]
    stream = StreamSpec.output(StreamFormat.float32(48_000.0)).with_formats(*formats)
    spec = DeviceSpec("com.example.formats", "Formats", "t").with_output(stream).with_sample_rates(44_100, 48_000)
    plugin = hal.attach(driver_class(spec))
    for selector in ("sfma", "pfta"):
        found = [(f.bits, f.channels, f.sample_rate, low, high) for f, low, high in plugin.get_formats(3, selector)]
        rates = [(rate, rate, rate) for rate in (44_100.0, 48_000.0)]
        layouts = ((32, 2), (16, 2), (24, 2), (32, 6))
        assert found == [(*layout, *rate) for layout in layouts for rate in rates]
    assert plugin.get_format(3, "sfmt").bits == plugin.get_format(3, "pft ").bits == 32
    assert plugin.get_format(3, "sfmt").channels == 2


# ---- resources ----


def test_no_bundle_no_icon(hal):
    assert not hal.attach(driver_class(BARE.with_icon("Device.icns"))).has(DEVICE, "icon")


def test_the_resource_bundle(hal):
    plugin = hal.attach(driver_class(BARE, RESOURCE_BUNDLE="Contents/Resources/Names.bundle"))
    assert plugin.get_string(1, "rsrc") == "Contents/Resources/Names.bundle"


@pytest.mark.parametrize("place", ["/Library/x", "../x", "a/../b", None])
def test_a_resource_bundle_outside(place):
    with pytest.raises(SpecError, match="RESOURCE_BUNDLE"):
        driver_class(BARE, RESOURCE_BUNDLE=place)().declaration()
