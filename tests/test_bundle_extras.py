"""A driver with properties of its own and settings, as a bundle: it carries what it names, and is alone."""

import struct

import pytest

from tympan.bundle import imports, recipe, runtime
from tympan.bundle.build import build_bundle
from tympan.bundle.project import find
from tympan.testing import Host, _host, _values
from tympan.testing._fuzz_session import fuzz
from tympan.testing.checks import run_checks

DRIVER = '''
from tympan import ControlSpec, DeviceSpec, PropertySpec, Setting, StreamFormat, StreamSpec
from tympan cimport Driver


cdef class Notes(Driver):
    NAME, MANUFACTURER, VERSION = "Notes", "tests", "1.0"
    PROPERTIES = (PropertySpec.string("Vers", value="1.0"),)
    SETTINGS = (Setting("note", {"first": [1, 2.5, True, b"x", "text"]}), Setting("times", 0))

    def device(self):
        return (
            DeviceSpec("com.example.Notes", "Notes", "tests")
            .with_output(StreamSpec.output(StreamFormat.float32(48_000.0)))
            .with_property(PropertySpec.plist("Note", settable=True, value=self.settings["note"]))
            .with_property(PropertySpec.string("Memo", settable=True))
            .with_control(ControlSpec.volume().with_persistence())
        )

    def initialize(self):
        self.settings["times"] += 1

    def set_property(self, property, value, qualifier):
        super().set_property(property, value, qualifier)
        if property.name == "Note":
            self.settings["note"] = value
'''


def write_driver(folder):
    folder.mkdir()
    (folder / "notes.pyx").write_text(DRIVER)
    return folder


def value(plugin, thing, selector):
    (address,) = struct.unpack("=Q", plugin.get(thing, selector))
    found = _values.from_cf(address)
    _host.release(address)
    return found


def test_what_a_bundle_carries(tmp_path):
    modules = imports.collect(find(write_driver(tmp_path / "notes")).inspect(), runtime.choose("auto"))
    assert [module for module in modules.core if module not in recipe.CORE] == list(recipe.DECLARED)
    assert {"tympan._property_spec", "tympan._setting"} <= set(modules.frozen)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    return build_bundle(write_driver(folder / "notes"), folder / "dist")


def test_calls_of_every_kind(bundle):
    """Properties and settings under what a host could do wrong, from several threads; nothing leaks."""
    outcome = fuzz(bundle, 30_000, seed=1, threads=3)
    assert outcome.failure is None, outcome.failure


@pytest.mark.parametrize("rule", [
    "custom-properties-described", "custom-properties-readable", "custom-properties-check-types",
    "storage-foreign-values", "storage-failing-writes", "storage-writes-property-lists", "storage-copies-released",
])  # fmt: skip
def test_rules_about_them(bundle, rule):
    (result,) = run_checks(bundle, [rule])
    assert result.outcome == "passed", result.details


def test_properties_and_settings_of_a_bundle(bundle):
    disk = {}
    with Host(storage=disk) as hal:
        plugin = hal.load(bundle)
        (device,) = plugin.devices
        assert value(plugin, 1, "Vers") == "1.0"
        assert value(plugin, device, "Note") == {"first": [1, 2.5, True, b"x", "text"]}
        address = _values.to_cf({"second": -7}, mutable=True)
        plugin.set(device, "Note", struct.pack("=Q", address))
        _host.release(address)
        assert value(plugin, device, "Note") == {"second": -7}
        hal.pump()
        (volume,) = plugin.get_ids(device, "ctrl")
        plugin.set_float32(volume, "lcsv", 0.25)
        hal.pump()
        assert plugin.notifications[0].selector == "Note"
        assert hal.log == []
    assert disk == {
        "Notes.driver": {
            "note": {"value": {"second": -7}, "version": 1},
            "times": {"value": 1, "version": 1},
            "control com.example.Notes volume": {"value": 0.25, "version": 1},
        }
    }
    with Host(storage=disk) as hal:
        plugin = hal.load(bundle)
        (device,) = plugin.devices
        assert value(plugin, device, "Note") == {"second": -7}
        (volume,) = plugin.get_ids(device, "ctrl")
        assert plugin.get_float32(volume, "lcsv") == 0.25
    assert disk["Notes.driver"]["times"]["value"] == 2
