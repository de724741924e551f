"""DeviceSpec, StreamSpec, StreamFormat: immutable, checked, with sentences."""

import pytest

from tympan import COMMON_SAMPLE_RATES, DeviceSpec, SpecError, StreamFormat, StreamSpec

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
]


@pytest.mark.parametrize("make,sentence", BROKEN)
def test_what_no_host_would_accept(make, sentence):
    with pytest.raises(SpecError) as caught:
        make()
    assert sentence in str(caught.value)
    assert caught.value.hint.endswith(".") and "\n" not in str(caught.value)
