"""DeviceSpec, StreamSpec, StreamFormat: immutable, checked, with sentences."""

import pytest

from tympan import COMMON_SAMPLE_RATES, DeviceSpec, SpecError, StreamFormat, StreamSpec
from tympan._spec import check_devices, related_groups

STEREO = StreamFormat.float32(48_000.0, 2)
DEVICE = DeviceSpec("com.example.Device", "Device", "Maker")
RECORDER = DEVICE.with_input(StreamSpec.input(STEREO))


def test_formats():
    wanted = {"float32": 12, "int16": 6, "int24": 9, "int32": 12}
    assert {kind: getattr(StreamFormat, kind)(48_000.0, 3).bytes_per_frame for kind in wanted} == wanted
    assert StreamFormat.int24(44_100.0).bits_per_channel == 24


def test_specs_do_not_change():
    with pytest.raises(AttributeError, match="does not change"):
        DEVICE.name = "other"
    assert DEVICE.with_hidden().hidden and not DEVICE.hidden
    assert DEVICE.with_hidden(False) == DEVICE != DEVICE.with_hidden()
    assert hash(DEVICE) == hash(DeviceSpec("com.example.Device", "Device", "Maker"))


def test_check_completes():
    spec = DEVICE.with_output(StreamSpec.output(STEREO)).check()
    assert spec.sample_rates == (48_000.0,) and spec.initial_rate == 48_000.0
    assert DEVICE.with_output(StreamSpec.output(STEREO)).with_sample_rates().check().sample_rates == COMMON_SAMPLE_RATES
    assert DEVICE.with_sample_rates(96_000, 44_100, 96_000).sample_rates == (44_100.0, 96_000.0)


def test_ranges_of_rates():
    spec = RECORDER.with_sample_rates((64_000, 96_000), 44_100, (47_000, 49_000), 44_100)
    assert spec.check().sample_rates == (44_100.0, (47_000.0, 49_000.0), (64_000.0, 96_000.0))


def test_the_formats_of_a_stream():
    short, many = StreamFormat.int16(48_000.0), StreamFormat.float32(48_000.0, 6)
    stream = StreamSpec.input(STEREO).with_channel_names("A", "B").with_formats(short, many)
    assert stream.formats == (STEREO, short, many) and stream.format == STEREO
    assert stream.with_format(short).format == short and stream.with_format(short).channel_names == ("A", "B")
    assert stream.with_format(many).channel_names == () and stream.with_format(many).formats == stream.formats


def test_relations_are_mutual_and_go_on():
    names = "abcdef"
    specs = [RECORDER._with(uid=f"com.example.{name}") for name in names]
    specs[1] = specs[1].with_related("com.example.d")
    specs[5] = specs[5].with_related("com.example.b", "com.example.f")
    groups = related_groups(check_devices(specs))
    found = {frozenset(other for other in groups if groups[other] == groups[uid]) for uid in groups}
    assert {"".join(sorted(uid[-1] for uid in group)) for group in found} == {"a", "bdf", "c", "e"}


def test_fractional_rates():
    assert StreamFormat.float32(44_100.5).sample_rate == 44_100.5
    with pytest.raises(SpecError, match="no exact clock"):
        StreamFormat.float32(44_100.1)


BAD_UIDS = ["", "gain", "com..gain", ".com", "com.", "com.exa mple", "com.exämple", "com/x.y", None, "a." + "b" * 300]


@pytest.mark.parametrize("uid", BAD_UIDS)
def test_bad_uids(uid):
    with pytest.raises(SpecError, match="reverse-DNS"):
        DeviceSpec(uid, "Device", "Maker")


BROKEN = [
    (lambda: DeviceSpec("com.example.x", "", "Maker"), "the device's name is ''"),
    (lambda: DeviceSpec("com.example.x", "Device", " "), "the manufacturer is ' '"),
    (lambda: StreamFormat.float32(48_000.0, 0), "the number of channels is 0"),
    (lambda: StreamFormat.float32(48_000.0, 1025), "the number of channels is 1025"),
    (lambda: StreamFormat.float32(48_000.0, True), "the number of channels is True"),
    (lambda: StreamFormat.float32(48_000.0, 2.0), "the number of channels is 2.0"),
    (lambda: StreamFormat.float32(0), "a sample rate of 0 Hz is out of range"),
    (lambda: StreamFormat.float32(float("nan")), "a sample rate of nan Hz is out of range"),
    (lambda: StreamFormat("int8", 48_000.0, 2), "'int8' is not a sample type"),
    (lambda: StreamSpec("sideways", STEREO), "'sideways' is not a direction"),
    (lambda: StreamSpec.input("stereo"), "a stream's format is 'stereo'"),
    (lambda: StreamSpec.input(STEREO).with_latency(-1), "a stream's latency is -1"),
    (lambda: StreamSpec.input(STEREO).with_terminal("speaker"), "the terminal type is 'speaker'"),
    (lambda: StreamSpec.input(STEREO).with_channel_names("Left"), "1 channel names for 2 channels"),
    (lambda: StreamSpec.input(STEREO).with_name("a\0b"), "a stream's name is 'a\\x00b'"),
    (lambda: DEVICE.with_output(StreamSpec.input(STEREO)), "with_output got"),
    (lambda: DEVICE.with_input(STEREO), "with_input got"),
    (lambda: DEVICE.with_model("com.example.Device"), "the model UID equals the device UID"),
    (lambda: DEVICE.with_latency(output=70_000), "the output latency is 70000"),
    (lambda: DEVICE.with_safety_offset(input=1.5), "the input safety offset is 1.5"),
    (lambda: DEVICE.check(), "has no streams"),
    (
        lambda: RECORDER.with_output(StreamSpec.output(StreamFormat.float32(44_100.0))).check(),
        "different sample rates",
    ),
    (lambda: RECORDER.with_sample_rates(44_100).check(), "not among the device's rates"),
    (lambda: RECORDER.with_sample_rates((8_000, 47_999)).check(), "not among the device's rates"),
    (lambda: DEVICE.with_sample_rates((48_000, 44_100)), "a range of sample rates is (48000, 44100)"),
    (lambda: DEVICE.with_sample_rates((44_100, 48_000, 96_000)), "a range of sample rates is"),
    (lambda: DEVICE.with_sample_rates(48_000, (44_100, 48_000)), "overlap"),
    (lambda: DEVICE.with_sample_rates((8_000, 48_000), (32_000, 96_000)), "overlap"),
    (lambda: DEVICE.with_transport("virt"), "the transport is 'virt'"),
    (lambda: DEVICE.with_related("Twin"), "the UID of a related device is 'Twin'"),
    (lambda: DEVICE.with_clock_domain(-1), "the clock domain is -1"),
    (lambda: DEVICE.with_clock_algorithm("raww"), "the clock algorithm is 'raww'"),
    (lambda: DEVICE.with_default_device(scope="global"), "the scope is 'global'"),
    (lambda: DEVICE.with_stereo_pair(0, 1), "a channel of the stereo pair is 0"),
    (lambda: RECORDER.with_stereo_pair(1, 3).check(), "is 1 and 3 of 2 channels"),
    (lambda: RECORDER.with_stereo_pair(2, 2).check(), "is 2 and 2 of 2 channels"),
    (lambda: DEVICE.with_channel_layout("5.1"), "there is no channel layout '5.1'"),
    (lambda: DEVICE.with_channel_layout(["Left", "Right?"]), "there is no channel label 'Right?'"),
    (lambda: DEVICE.with_channel_layout([]), "a channel layout is []"),
    (lambda: RECORDER.with_channel_layout("MPEG_5_1_A").check(), "a layout of 6 channels is for 2 channels"),
    (lambda: RECORDER.with_channel_layout(["Left"]).check(), "a layout of 1 channels is for 2 channels"),
    (lambda: DEVICE.with_icon("icons/a.icns"), "the icon is 'icons/a.icns'"),
    (lambda: DEVICE.with_configuration_application("Panel"), "the configuration application is 'Panel'"),
    (lambda: DEVICE.with_serial_number(""), "the serial number is ''"),
    (lambda: StreamSpec.input(STEREO).with_formats(StreamFormat.int16(44_100.0)), "a stream's other format is"),
    (lambda: StreamSpec.input(STEREO).with_formats(STEREO), "twice"),
    (lambda: StreamSpec.input(STEREO).with_format(StreamFormat.int16(48_000.0)), "a stream does not offer"),
    (lambda: check_devices([RECORDER.with_related("com.example.Other")]), "is no device of the driver"),
]


@pytest.mark.parametrize("make,sentence", BROKEN)
def test_what_no_host_would_accept(make, sentence):
    with pytest.raises(SpecError) as caught:
        make()
    assert sentence in str(caught.value)
    assert caught.value.hint.endswith(".") and "\n" not in str(caught.value)
