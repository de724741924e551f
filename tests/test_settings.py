"""Settings and persistent controls in the host's storage: C8 of the specification, and what a driver sees of it."""

import ctypes
import threading
from datetime import datetime
from uuid import UUID

import pytest
from made_drivers import attached, device_spec, driver_class

from tympan import ControlSpec, DeviceSpec, HalError, OSStatus, Setting, SpecError, StreamFormat, StreamSpec
from tympan._errors import HostError
from tympan.testing import Host, _session

SETTINGS = (
    Setting("gain", 1.0), Setting("mode", "soft"), Setting("count", 3), Setting("on", False), Setting("blob", b"\0"),
    Setting("names", ["a"]), Setting("table", {"x": 1}, version=2), Setting("since", datetime(2024, 2, 29)),
)  # fmt: skip
DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


def remembers(**attributes):
    return driver_class(SETTINGS=SETTINGS, **attributes)


def stored(plugin):
    plugin.hal.pump()
    return plugin.host_table.stored()


def packed(value, version=1):
    return {"value": value, "version": version}


@pytest.fixture
def plugin():
    with Host() as hal:
        yield attached(hal, remembers())


def started(storage, driver, **options):
    """What the settings are after an Initialize with this storage: (as a dict, the log)."""
    with Host(storage={"Kept": storage}, **options) as hal:
        plugin = attached(hal, driver)
        return dict(plugin.driver.settings), hal.log


# ---- without anything stored ----


def test_defaults(plugin):
    settings = plugin.driver.settings
    assert dict(settings) == DEFAULTS and len(settings) == len(DEFAULTS) and "gain" in settings
    assert stored(plugin) == {}, "a default is not stored"
    with pytest.raises(KeyError, match="treble"):
        settings["treble"]
    with pytest.raises(KeyError, match="treble"):
        settings["treble"] = 1


@pytest.mark.parametrize("missing", ["error", "null", "untouched"])
def test_however_a_host_says_that_there_is_nothing(missing, monkeypatch):
    def restore(self, plugin):
        plugin.host_table.storage.missing = missing

    monkeypatch.setattr(_session.Host, "_restore", restore)
    assert started({}, remembers()) == (DEFAULTS, [])


def test_a_driver_without_a_host_has_the_defaults():
    assert dict(remembers()().settings) == DEFAULTS


# ---- there and back ----

OTHERS = {"gain": 0.1, "mode": "härter 🎧", "count": -(2**40), "on": True, "blob": b"\xff" * 3,
          "names": [["b"], {"c": 1}], "table": {}, "since": datetime(1999, 1, 1, 12)}  # fmt: skip


def test_they_survive_a_restart():
    disk = {}
    with Host(storage=disk) as hal:
        settings = attached(hal, remembers()).driver.settings
        for name, value in OTHERS.items():
            settings[name] = value
        assert dict(settings) == OTHERS, "readable at once"
    assert disk["Kept"] == {name: packed(value, 2 if name == "table" else 1) for name, value in OTHERS.items()}
    assert started(disk["Kept"], remembers()) == (OTHERS, [])


def test_they_are_there_before_anything_else():
    seen = []

    def devices(self):
        seen.append(self.settings["count"])
        return [
            DeviceSpec(f"com.example.Many{i}", f"Many {i}", "tests")
            .with_output(StreamSpec.output(StreamFormat.float32(48_000.0)))
            for i in range(self.settings["count"])
        ]  # fmt: skip

    with Host(storage={"Kept": {"count": packed(5)}}) as hal:
        plugin = attached(hal, remembers(devices=devices))
        assert len(plugin.devices) == 5 and set(seen) == {5}


def test_a_new_life_of_the_same_plug_in():
    """The last Release and another Initialize: a new driver object, with what the old one left."""
    with Host() as hal:
        plugin = attached(hal, remembers())
        plugin.driver.settings["gain"] = 0.5
        old = plugin.driver.settings
        hal.pump()
        kept = plugin.host_table.storage.save()
        table = plugin.table
        assert table.release() == 0
        old["gain"] = 0.75
        hal.pump()
        assert plugin.host_table.storage.save() == kept, "nothing reaches a host that has let the driver go"
        table.add_ref()
        assert table.initialize(plugin.host_table) == 0
        plugin.driver = None


def test_what_initialize_sets_is_stored_once_it_has_succeeded():
    def initialize(self):
        self.settings["gain"] = 0.25

    with Host() as hal:
        plugin = attached(hal, remembers(initialize=initialize))
        assert stored(plugin) == {"gain": packed(0.25)}

    def fails(self):
        self.settings["gain"] = 0.5
        raise HalError("nrdy")

    disk = {"Made": {"gain": packed(0.25)}}
    with Host(storage=disk) as hal:
        with pytest.raises(HostError, match="nrdy"):
            hal.attach(remembers(initialize=fails))
        hal.pump()
    assert disk == {"Made": {"gain": packed(0.25)}}


def test_only_a_change_is_written(plugin):
    settings = plugin.driver.settings
    settings["gain"] = 1.0
    settings["gain"] = 1
    assert stored(plugin) == {} and settings["gain"] == 1.0 and type(settings["gain"]) is float
    settings["names"].append("in a copy")
    assert settings["names"] == ["a"] and stored(plugin) == {}


def test_the_last_one_wins(plugin):
    for i in range(50):
        plugin.driver.settings["count"] = i
    assert stored(plugin) == {"count": packed(49)}


def test_deleting(plugin):
    settings = plugin.driver.settings
    settings["gain"] = 0.5
    assert stored(plugin) == {"gain": packed(0.5)}
    del settings["gain"]
    assert settings["gain"] == 1.0 and stored(plugin) == {}
    del settings["gain"]
    assert stored(plugin) == {}
    with pytest.raises(KeyError):
        del settings["treble"]


@pytest.mark.parametrize(("name", "value"), [
    ("gain", "1.0"), ("gain", True), ("gain", None), ("mode", b"soft"), ("count", 1.0), ("count", True), ("on", 1),
    ("names", {"a": 1}), ("table", [1]), ("blob", "x"), ("since", 0.0), ("names", [None]), ("table", {1: 2}),
])  # fmt: skip
def test_another_type_is_refused(plugin, name, value):
    with pytest.raises(TypeError):
        plugin.driver.settings[name] = value
    assert dict(plugin.driver.settings) == DEFAULTS and stored(plugin) == {}


# ---- what other versions left ----

FOREIGN = [0, 1, 1.5, True, "text", b"data", datetime(2020, 1, 1), [], ["x"], {}, {"value": 1}, {"version": 1},
           {"value": 1, "version": "1"}, packed(None, 1), packed(0.5, 7), packed(0.5, -1), packed(0.5, True),
           packed("x"), None, UUID(int=5), 2**64 - 1, [[[{}]]]]  # fmt: skip


@pytest.mark.parametrize("value", FOREIGN, ids=repr)
def test_foreign_values_are_the_default_and_a_line_in_the_log(value):
    found, log = started(dict.fromkeys(DEFAULTS, value), remembers())
    fitting = {name for name in DEFAULTS if value == packed("x") and name == "mode"}
    assert {name: found[name] for name in DEFAULTS if name not in fitting} == {
        name: default for name, default in DEFAULTS.items() if name not in fitting
    }
    assert len(log) == len(DEFAULTS) - len(fitting)
    assert all("in the storage, starts as" in line for line in log)


def test_a_whole_number_fits_a_float():
    assert started({"gain": packed(2)}, remembers())[0]["gain"] == 2.0


def test_migration():
    asked = []

    def migrate_setting(self, name, value, version):
        asked.append((name, value, version))
        if name == "table":
            return {"x": value["old"]}
        if name == "gain":
            return value / 100
        return value

    disk = {"Kept": {"table": packed({"old": 7}, 1), "gain": 50, "mode": packed("hard"), "on": "yes"}}
    with Host(storage=disk) as hal:
        plugin = attached(hal, remembers(migrate_setting=migrate_setting))
        settings = plugin.driver.settings
        assert (settings["table"], settings["gain"], settings["mode"], settings["on"]) == ({"x": 7}, 0.5, "hard", False)
        assert sorted(asked, key=repr) == [("gain", 50, 0), ("on", "yes", 0), ("table", {"old": 7}, 1)]
        assert stored(plugin) == {"table": packed({"x": 7}, 2), "gain": packed(0.5), "mode": packed("hard"),
                                  "on": "yes"}  # fmt: skip
        assert len(hal.log) == 1 and "'on'" in hal.log[0], "what a migration cannot use stays, and is told"


# ---- the host ----


def patched(plugin, slot, before):
    """Call ``before()`` at the start of a function of the host's table: 1 CopyFromStorage, 2 WriteToStorage."""
    place = (ctypes.c_void_p * 5).from_address(plugin.host_table.address)
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    real = kind(place[slot])
    entry = kind(lambda *arguments: (before(), real(*arguments))[1])
    place[slot] = ctypes.cast(entry, ctypes.c_void_p).value
    plugin.patches = [*getattr(plugin, "patches", []), entry]


def test_the_host_may_call_back_from_its_storage(monkeypatch):
    """With a lock or the GIL of Initialize held, or of a setter, this would wait for ever."""
    answers = []

    def restore(self, plugin):
        plugin.host_table.storage.load({"gain": packed(0.5)})
        patched(plugin, 1, lambda: answers.append(plugin.table.initialize(plugin.host_table)))
        patched(plugin, 2, lambda: answers.append((plugin.devices[0].sample_rate, dict(plugin.driver.settings))))
        patched(plugin, 2, lambda: plugin.driver.settings.__setitem__("count", 9))

    def play():
        with Host(queue="thread") as hal:
            plugin = attached(hal, remembers())
            assert answers == [OSStatus("nope")] * len(SETTINGS), "Initialize is under way"
            plugin.driver.settings["mode"] = "hard"
            hal.pump()
            found.update(plugin.host_table.stored())

    found = {}
    monkeypatch.setattr(_session.Host, "_restore", restore)
    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert found == {"gain": packed(0.5), "mode": packed("hard"), "count": packed(9)}


def test_a_host_that_does_not_write(plugin):
    plugin.host_table.storage.refuses = True
    plugin.driver.settings["gain"] = 0.5
    assert stored(plugin) == {} and plugin.driver.settings["gain"] == 0.5
    assert plugin.hal.log == ["tympan: the host has not stored a setting"]


# ---- persistent controls ----

DESK = (
    device_spec().with_control(ControlSpec.volume().with_persistence()).with_control(ControlSpec.mute())
    .with_control(ControlSpec.toggle("solo").with_persistence())
    .with_control(ControlSpec.selector([(7, "Seven"), (9, "Nine")]).with_persistence())
    .with_control(ControlSpec.slider(10, 20, value=15).with_persistence())
    .with_control(ControlSpec.stereo_pan().with_persistence())
)  # fmt: skip
KEY = "control com.example.test.Device "


def controls(plugin):
    return {plugin.get_string(number, "lnam"): number for number in plugin.get_ids(plugin.devices[0], "ctrl")}


def test_controls_survive_a_restart():
    disk = {}
    with Host(storage=disk) as hal:
        plugin = attached(hal, driver_class(DESK))
        found = controls(plugin)
        plugin.set_float32(found["volume"], "lcsv", 0.25)
        plugin.set_uint32(found["mute"], "bcvl", 1)
        plugin.set_uint32(found["solo"], "bcvl", 1)
        plugin.set_uint32(found["slider"], "sdrv", 12)
        plugin.driver.control("selector").value = 9
        assert stored(plugin) == {KEY + "volume": packed(0.25), KEY + "solo": packed(True), KEY + "slider": packed(12),
                                  KEY + "selector": packed(9)}  # fmt: skip
    with Host(storage=disk) as hal:
        plugin = attached(hal, driver_class(DESK))
        found = controls(plugin)
        assert plugin.get_float32(found["volume"], "lcsv") == 0.25
        values = [plugin.get_uint32(found[name], selector) for name, selector in
                  (("mute", "bcvl"), ("solo", "bcvl"), ("slider", "sdrv"), ("selector", "scci"))]  # fmt: skip
        assert values == [0, 1, 12, 9] and plugin.get_float32(found["stereo_pan"], "spcv") == 0.5


@pytest.mark.parametrize(("name", "value"), [
    ("volume", 1.5), ("volume", -0.1), ("volume", float("nan")), ("volume", "loud"), ("solo", 1), ("selector", 8),
    ("slider", 9), ("slider", 21), ("stereo_pan", 2),
])  # fmt: skip
def test_what_a_control_cannot_be(name, value):
    with Host(storage={"Kept": {KEY + name: packed(value)}}) as hal:
        plugin = attached(hal, driver_class(DESK))
        assert plugin.driver.control(name).value == {"volume": 1.0, "solo": False, "selector": 7, "slider": 15,
                                                     "stereo_pan": 0.5}[name]  # fmt: skip
        assert len(hal.log) == 1 and repr(KEY + name) in hal.log[0]


def test_the_hook_hears_too():
    heard = []

    def control_changed(self, control):
        heard.append((control.spec.name, self.settings[KEY + control.spec.name]))

    with Host() as hal:
        plugin = attached(hal, driver_class(DESK, control_changed=control_changed))
        plugin.set_uint32(controls(plugin)["slider"], "sdrv", 12)
        assert heard == [("slider", 15)] and stored(plugin) == {KEY + "slider": packed(12)}


# ---- declarations ----


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: Setting("", 1), "a setting's name is ''"),
    (lambda: Setting("gain", None), "the setting 'gain' cannot start so: None"),
    (lambda: Setting("gain", 2**64), "the setting 'gain' cannot start so"),
    (lambda: Setting("gain", 1.0, version=0), "a setting's version is 0"),
    (lambda: driver_class(SETTINGS=("gain",))().declaration(), "a setting is declared as 'gain'"),
    (lambda: driver_class(SETTINGS=(SETTINGS[0], SETTINGS[0]))().declaration(), "a setting is declared as Setting"),
])  # fmt: skip
def test_what_no_setting_can_be(make, sentence):
    with pytest.raises(SpecError, match=sentence):
        make()
