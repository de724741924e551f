"""Controls: every class, its properties by the specification's table B5, and what the driver sees of them."""

import struct
import threading

import numpy as np
import pytest
from made_drivers import attached

from tympan import ControlSpec, DeviceSpec, Driver, SpecError, StreamFormat, StreamSpec
from tympan.testing import Host
from tympan.testing._status import code

STEREO = StreamFormat.float32(48_000.0, 2)
SPEC = (
    DeviceSpec("com.example.Mixer", "Mixer", "tests")
    .with_output(StreamSpec.output(STEREO)).with_input(StreamSpec.input(STEREO))
    .with_control(ControlSpec.volume(value=0.5, decibels=(-60.0, 12.0), curve=2.0))
    .with_control(ControlSpec.lfe_volume(element=1, name="Low"))
    .with_control(ControlSpec.mute(scope="input"))
)  # fmt: skip
TOGGLES = {"lfe_mute": "subm", "solo": "solo", "phase_invert": "phsi", "phantom_power": "phan", "jack": "jack",
           "clip_light": "clip", "talkback": "talb", "listenback": "lsnb"}  # fmt: skip
SELECTORS = {"selector": "slct", "data_source": "dsrc", "data_destination": "dest", "clock_source": "clck",
             "line_level": "nlvl", "high_pass_filter": "hipf"}  # fmt: skip
for kind in TOGGLES:
    SPEC = SPEC.with_control(ControlSpec.toggle(kind, scope="global"))
for kind in SELECTORS:
    SPEC = SPEC.with_control(ControlSpec.selector([(7, "Seven"), (9, "Nine")], kind, value=9))
SPEC = SPEC.with_control(ControlSpec.slider(10, 20, value=15)).with_control(ControlSpec.stereo_pan(value=0.25))
CLASSES = {"volume": ("vlme", "levl"), "Low": ("subv", "levl"), "mute": ("mute", "togl"), "slider": ("sldr", "actl"),
           "stereo_pan": ("span", "actl"), "selector": ("slct", "actl")}  # fmt: skip
CLASSES |= {kind: (name, "togl") for kind, name in TOGGLES.items()}
CLASSES |= {kind: (name, "slct") for kind, name in SELECTORS.items() if kind != "selector"}


class Mixer(Driver):
    NAME, MANUFACTURER, VERSION = "Mixer", "tests", "1"

    def device(self):
        return SPEC

    def initialize(self):
        self.heard = []

    def control_changed(self, control):
        self.heard.append((control.spec.name, control.value))


@pytest.fixture
def plugin():
    with Host() as hal:
        yield attached(hal, Mixer)


def controls(plugin):
    """{name: object id}"""
    ids = plugin.get_ids(plugin.devices[0], "ctrl")
    return {plugin.get_string(number, "lnam"): number for number in ids}


def told(plugin, start=0):
    plugin.hal.pump()
    return [item.key for item in plugin.notifications[start:]]


def test_the_device_has_them(plugin):
    found, (device,) = controls(plugin), plugin.devices
    assert set(found) == set(CLASSES)
    ids = set(found.values())
    assert ids < set(plugin.get_ids(device, "ownd"))
    for wanted, count in {"actl": len(ids), "togl": 9, "vlme": 1, "slct": 6, "aobj": len(ids) + 2}.items():
        assert len(plugin.get_ids(device, "ownd", qualifier=struct.pack("=I", code(wanted)))) == count, wanted
    assert set(plugin.get_ids(device, "ownd", "inpt")) & ids == {found["mute"]}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_what_every_control_answers(plugin, name):
    number = controls(plugin)[name]
    assert (plugin.get_code(number, "clas"), plugin.get_code(number, "bcls")) == CLASSES[name]
    assert plugin.get_uint32(number, "stdv") == plugin.devices[0].id
    assert plugin.get_ids(number, "ownd") == []
    scope = "inpt" if name == "mute" else "glob" if name in TOGGLES else "outp"
    assert plugin.get_code(number, "cscp") == scope
    assert plugin.get_uint32(number, "celm") == (1 if name == "Low" else 0)
    for selector in ("clas", "cscp", "lnam"):
        assert not plugin.has(number, selector, "inpt") and not plugin.has(number, selector, "glob", 1)
        assert not plugin.is_settable(number, selector)
    assert not plugin.has(number, "uid ") and not plugin.has(number, "sact")


def test_level(plugin):
    """-60 ... 12 dB with the exponent 2: the middle is a quarter of the way, -42 dB."""
    number = controls(plugin)["volume"]
    assert plugin.get_float32(number, "lcsv") == 0.5
    assert plugin.get_float32(number, "lcdv") == -42.0
    assert struct.unpack("=2d", plugin.get(number, "lcdr")) == (-60.0, 12.0)
    for place, decibels in ((0.0, -60.0), (0.5, -42.0), (1.0, 12.0)):
        assert struct.unpack("=f", plugin.get(number, "lcsd", data=struct.pack("=f", place))) == (decibels,)
        assert struct.unpack("=f", plugin.get(number, "lcds", data=struct.pack("=f", decibels))) == (place,)
    assert struct.unpack("=f", plugin.get(number, "lcds", data=struct.pack("=f", 40.0))) == (1.0,), "clamped"


def test_level_set_either_way(plugin):
    number = controls(plugin)["volume"]
    start = len(plugin.notifications)
    plugin.set_float32(number, "lcsv", 1.0)
    assert plugin.get_float32(number, "lcdv") == 12.0
    plugin.set_float32(number, "lcdv", -42.0)
    assert plugin.get_float32(number, "lcsv") == 0.5
    plugin.set_float32(number, "lcsv", 7.0)
    plugin.set_float32(number, "lcdv", -1000.0)
    assert (plugin.get_float32(number, "lcsv"), plugin.get_float32(number, "lcdv")) == (0.0, -60.0)
    assert [key[1] for key in told(plugin, start)] == ["lcsv", "lcdv"] * 4
    assert plugin.driver.heard == [("volume", 1.0), ("volume", 0.5), ("volume", 1.0), ("volume", 0.0)]


def test_nobody_hears_of_a_value_that_stays(plugin):
    start = len(plugin.notifications)
    found = controls(plugin)
    plugin.set_float32(found["volume"], "lcsv", 0.5)
    plugin.set_uint32(found["mute"], "bcvl", 0)
    plugin.set_uint32(found["data_source"], "scci", 9)
    plugin.set_uint32(found["slider"], "sdrv", 15)
    plugin.set_float32(found["stereo_pan"], "spcv", 0.25)
    assert told(plugin, start) == [] and plugin.driver.heard == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(("name", "selector"), [("volume", "lcsv"), ("volume", "lcdv"), ("stereo_pan", "spcv")])
def test_what_is_no_number_is_refused(plugin, name, selector, value):
    number = controls(plugin)[name]
    before = plugin.get_float32(number, selector)
    with pytest.raises(Exception, match="'nope'"):
        plugin.set_float32(number, selector, value)
    assert plugin.get_float32(number, selector) == before


@pytest.mark.parametrize("name", ["mute", *sorted(set(TOGGLES) - {"jack"})])
def test_toggles(plugin, name):
    number, start = controls(plugin)[name], len(plugin.notifications)
    for value, lives in ((1, 1), (0, 0), (17, 1)):
        plugin.set_uint32(number, "bcvl", value)
        assert plugin.get_uint32(number, "bcvl") == lives
    assert [key[:2] for key in told(plugin, start)] == [(number, "bcvl")] * 3
    assert plugin.driver.heard == [(name, True), (name, False), (name, True)]


def test_only_the_driver_says_whether_a_jack_is_plugged_in(plugin):
    number = controls(plugin)["jack"]
    assert not plugin.is_settable(number, "bcvl")
    with pytest.raises(Exception, match="'unop'"):
        plugin.set_uint32(number, "bcvl", 1)
    start = len(plugin.notifications)
    plugin.driver.control("jack").value = True
    assert plugin.get_uint32(number, "bcvl") == 1
    assert [key[:2] for key in told(plugin, start)] == [(number, "bcvl")]
    assert plugin.driver.heard == [], "it knows"


@pytest.mark.parametrize("name", sorted(SELECTORS))
def test_selectors(plugin, name):
    number, start = controls(plugin)[name], len(plugin.notifications)
    assert plugin.get_uint32(number, "scci") == 9
    assert struct.unpack("=2I", plugin.get(number, "scai")) == (7, 9)
    names = [plugin.get_string(number, "scin", qualifier=struct.pack("=I", item)) for item in (7, 9)]
    assert names == ["Seven", "Nine"]
    plugin.set_uint32(number, "scci", 7)
    assert plugin.get_uint32(number, "scci") == 7
    for nothing in (0, 8):
        with pytest.raises(Exception, match="'nope'"):
            plugin.set_uint32(number, "scci", nothing)
        with pytest.raises(Exception, match="'nope'"):
            plugin.get(number, "scin", qualifier=struct.pack("=I", nothing))
    with pytest.raises(Exception, match="'!siz'"):
        plugin.get(number, "scin", qualifier=b"\0")
    assert [key[:2] for key in told(plugin, start)] == [(number, "scci")]


def test_slider_and_pan(plugin):
    found, start = controls(plugin), len(plugin.notifications)
    slider, pan = found["slider"], found["stereo_pan"]
    assert struct.unpack("=2I", plugin.get(slider, "sdrr")) == (10, 20)
    assert struct.unpack("=2I", plugin.get(pan, "spcc")) == (1, 2)
    for value, lives in ((12, 12), (0, 10), (99, 20)):
        plugin.set_uint32(slider, "sdrv", value)
        assert plugin.get_uint32(slider, "sdrv") == lives
    plugin.set_float32(pan, "spcv", 0.75)
    assert plugin.get_float32(pan, "spcv") == 0.75
    assert [key[1] for key in told(plugin, start)] == ["sdrv"] * 3 + ["spcv"]


def test_wrong_sizes(plugin):
    found = controls(plugin)
    for name, selector in (("volume", "lcsv"), ("mute", "bcvl"), ("slider", "sdrv"), ("data_source", "scci")):
        for size in (0, 3, 5, 8):
            with pytest.raises(Exception, match=r"'!siz'|'nope'"):
                plugin.set(found[name], selector, bytes(size))


# ---- the driver's side ----


def test_the_driver_reads_and_sets_them(plugin):
    volume, source = plugin.driver.control("volume"), plugin.driver.control("data_source")
    assert (volume.value, source.value, volume.device) == (0.5, 9, 0)
    volume.value, source.value = 0.25, 7
    found = controls(plugin)
    assert (plugin.get_float32(found["volume"], "lcsv"), plugin.get_uint32(found["data_source"], "scci")) == (0.25, 7)
    with pytest.raises(ValueError, match="cannot have the value 8"):
        source.value = 8
    with pytest.raises(ValueError, match="cannot have the value nan"):
        volume.value = float("nan")
    with pytest.raises(KeyError, match="has no control 'treble'"):
        plugin.driver.control("treble")


def test_from_start_io_and_from_a_thread():
    """A control method runs while the core's mutex is held, a thread of the driver's does not: both may set."""
    class Lamp(Mixer):
        def start_io(self):
            self.control("clip_light").value = True
            threads = [threading.Thread(target=self.play, args=(n,)) for n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        def play(self, n):
            for i in range(200):
                self.control("slider").value = 10 + (i + n) % 11

    with Host() as hal:
        plugin = hal.attach(Lamp)
        found, (device,) = controls(plugin), plugin.devices
        device.start(device.add_client())
        hal.pump()
        assert plugin.get_uint32(found["clip_light"], "bcvl") == 1
        values = [item for item in plugin.notifications if item.selector == "sdrv"]
        assert len(values) > 10


def test_a_control_that_outlives_the_device():
    kept = []

    class Keeps(Mixer):
        def initialize(self):
            kept.append(self.control("volume"))

        def control_changed(self, control):
            raise AssertionError

    with Host() as hal:
        hal.attach(Keeps)
    (volume,) = kept
    assert volume.value == 0.5, "its last value"
    with pytest.raises(ValueError, match="cannot have"):
        volume.value = 1.0


def test_an_exception_in_the_hook_is_logged_and_the_value_stays():
    class Fails(Mixer):
        def control_changed(self, control):
            raise RuntimeError("no")

    with Host() as hal:
        plugin = hal.attach(Fails)
        number = controls(plugin)["slider"]
        plugin.set_uint32(number, "sdrv", 11)
        assert plugin.get_uint32(number, "sdrv") == 11
        assert any("Fails.control_changed raised RuntimeError: no" in line for line in hal.log)


# ---- declarations ----

DEVICE = DeviceSpec("com.example.Mixer", "Mixer", "tests").with_output(StreamSpec.output(STEREO))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ControlSpec("treble"), "'treble' is not a kind of control"),
        (lambda: ControlSpec.volume(scope="left"), "the scope of a control is 'left'"),
        (lambda: ControlSpec.volume(value=2), "a control's value is 2"),
        (lambda: ControlSpec.volume(decibels=(0, -10)), r"the range \(0, -10\) dB is none"),
        (lambda: ControlSpec.volume(curve=0), "a curve of 0"),
        (lambda: ControlSpec.toggle("volume"), "'volume' is not a switch"),
        (lambda: ControlSpec.selector([], "data_source"), r"the items of a selector are \[\]"),
        (lambda: ControlSpec.selector([(1, "A"), (1, "B")]), "the items of a selector are"),
        (lambda: ControlSpec.selector(["A"], "mute"), "'mute' is not a selector"),
        (lambda: ControlSpec.selector(["A"], value=3), "item 3 is not among the items"),
        (lambda: ControlSpec.slider(5, 4), "a slider's high end is 4"),
        (lambda: ControlSpec.stereo_pan(left=0), "a channel is 0"),
        (lambda: DEVICE.with_control("volume"), "with_control got 'volume'"),
        (lambda: DEVICE.with_control(ControlSpec.volume(element=3)).check(), "is for channel 3 of 2"),
        (lambda: DEVICE.with_control(ControlSpec.volume(scope="input")).check(), "is for channel 0 of 0"),
        (lambda: DEVICE.with_control(ControlSpec.stereo_pan(1, 3)).check(), "is for channel 3 of 2"),
        (lambda: DEVICE.with_control(ControlSpec.mute()).with_control(ControlSpec.mute(name="b")).check(),
         "two mute controls have one place"),
        (lambda: DEVICE.with_control(ControlSpec.mute(name="a")).with_control(ControlSpec.volume(name="a")).check(),
         "two controls have the name 'a'"),
    ],
)  # fmt: skip
def test_what_no_control_can_be(make, sentence):
    with pytest.raises(SpecError, match=sentence):
        make()


def test_audio_goes_on_while_controls_are_set(plugin):
    device, number = plugin.devices[0], controls(plugin)["volume"]
    noise = np.random.default_rng(0).uniform(-1, 1, (4000, 2)).astype(np.float32)
    client = device.add_client()
    device.start(client)
    heard = []
    for i, part in enumerate(np.split(noise, 10)):
        plugin.set_float32(number, "lcsv", 0.1 * i)
        heard.append(device.render(part, 200, frames=400, client=client))
    delay = device.delay(200)
    assert np.array_equal(np.concatenate(heard)[delay:], noise[:-delay]), "what a control does is the driver's"


# ---- controls that the core applies ----


def cable(*specs, channels=2, sample_type="float32", streams=1):
    """A loopback with controls that the core applies to what is played."""
    shape = StreamFormat(sample_type, 48_000.0, channels)
    spec = DeviceSpec("com.example.Cable", "Cable", "tests")
    for _ in range(streams):
        spec = spec.with_output(StreamSpec.output(shape)).with_input(StreamSpec.input(shape))
    for control in specs:
        spec = spec.with_control(control.with_application())

    class Cable(Driver):
        NAME, MANUFACTURER, VERSION = "Cable", "tests", "1"

        def device(self):
            return spec

    return Cable


def heard_through(driver, played, buffer=256, **values):
    """What comes back, from its first frame, with the controls of these names set before."""
    with Host() as hal:
        plugin = hal.attach(driver)
        device, found = plugin.device(), controls(plugin)
        for name, value in values.items():
            level = plugin.get_code(found[name], "bcls") == "levl"
            if isinstance(value, float):
                plugin.set_float32(found[name], "lcsv" if level else "spcv", value)
            else:
                plugin.set_uint32(found[name], "bcvl", value)
        delay = device.delay(buffer)
        return device.render(played, buffer, frames=len(played) + delay)[delay:]


NOISE = (np.random.default_rng(5).integers(-(2**15), 2**15, (4000, 2)) / 2**15).astype(np.float32)


@pytest.mark.parametrize(
    ("specs", "values", "gains"),
    [
        ([ControlSpec.volume()], {}, (1, 1)),
        ([ControlSpec.volume(decibels=(-40.0, 0.0))], {"volume": 0.5}, (0.1, 0.1)),
        ([ControlSpec.volume(decibels=(-40.0, 20.0))], {"volume": 1.0}, (10, 10)),
        ([ControlSpec.volume()], {"volume": 0.0}, (0, 0)),
        ([ControlSpec.volume(element=2)], {"volume": 0.0}, (1, 0)),
        ([ControlSpec.volume(decibels=(-40.0, 0.0)), ControlSpec.volume(element=1, name="left", decibels=(-40.0, 0.0))],
         {"volume": 0.5, "left": 0.5}, (0.01, 0.1)),
        ([ControlSpec.mute()], {"mute": 1}, (0, 0)),
        ([ControlSpec.mute(element=1)], {"mute": 1}, (0, 1)),
        ([ControlSpec.toggle("phase_invert")], {"phase_invert": 1}, (-1, -1)),
        ([ControlSpec.stereo_pan()], {}, (1, 1)),
        ([ControlSpec.stereo_pan()], {"stereo_pan": 0.0}, (1, 0)),
        ([ControlSpec.stereo_pan()], {"stereo_pan": 0.75}, (0.5, 1)),
        ([ControlSpec.stereo_pan(left=2, right=1)], {"stereo_pan": 0.0}, (0, 1)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sample_type", ["float32", "int16"])
def test_what_is_played_is_as_loud_as_they_say(specs, values, gains, sample_type):
    heard = heard_through(cable(*specs, sample_type=sample_type), NOISE, **values)
    wanted = NOISE * np.array(gains)
    if sample_type == "int16":
        wanted = np.clip(wanted, -1, 1 - 2**-15)
    assert np.allclose(heard, wanted, rtol=1e-6, atol=2**-15 if sample_type == "int16" else 0)
    if set(gains) <= {0, 1, -1} and sample_type == "float32":
        assert np.array_equal(heard, wanted.astype(np.float32)), "bit by bit"


def test_channels_count_through_the_streams():
    played = np.random.default_rng(1).uniform(-1, 1, (3000, 4)).astype(np.float32)
    heard = heard_through(cable(ControlSpec.mute(element=3), streams=2), played, mute=1)
    assert np.array_equal(heard, played * np.array([1, 1, 0, 1], np.float32))


@pytest.mark.parametrize("element", [0, 1])
@pytest.mark.parametrize("buffer", [16, 480, 4096])
def test_a_change_takes_20_ms_and_does_not_click(element, buffer):
    ones = np.ones((12288 // buffer * buffer, 2), np.float32)  # whole cycles, so that one rendering continues the other
    driver = cable(ControlSpec.mute(element=element))
    with Host() as hal:
        plugin = hal.attach(driver)
        device, mute = plugin.device(), controls(plugin)["mute"]
        client, heard = device.add_client(), []
        device.start(client)
        for value in (0, 1, 0):
            plugin.set_uint32(mute, "bcvl", value)
            heard.append(device.render(ones, buffer, frames=len(ones), client=client))
        channel = np.concatenate(heard)[device.delay(buffer) :, 0]
    steps = np.abs(np.diff(channel))
    assert steps.max() < 1.001 / 960, "1 in 960 frames"
    assert np.count_nonzero(steps) == 2 * 960
    assert channel.min() == 0 and channel[0] == channel[-1] == 1


def test_set_by_the_driver_before_the_first_start():
    class Quiet(cable(ControlSpec.mute())):
        def initialize(self):
            self.control("mute").value = True

    assert not heard_through(Quiet, NOISE).any()


def test_what_is_not_applied_changes_nothing():
    heard = heard_through(type("Plain", (cable(),), {"device": lambda self: DEVICE.with_input(StreamSpec.input(STEREO))
                               .with_control(ControlSpec.mute())}), NOISE, mute=1)  # fmt: skip
    assert np.array_equal(heard, NOISE)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (ControlSpec.slider(1, 2), "the core cannot apply a slider control of the scope output"),
        (ControlSpec.volume(scope="input"), "the core cannot apply a volume control of the scope input"),
        (ControlSpec.toggle("solo"), "the core cannot apply a solo control"),
    ],
)
def test_what_the_core_cannot_apply(spec, sentence):
    with pytest.raises(SpecError, match=sentence):
        spec.with_application()


def test_native_bytes_are_not_multiplied():
    native = type("Native", (cable(ControlSpec.mute()),), {"IO_FORMAT": "native"})
    with pytest.raises(SpecError, match="a native-format device has controls that the core is to apply"):
        native().declaration()
