"""tympan.connect: an application reads, sets and watches a driver's own properties.

Twice: through the simulated host, and through Core Audio's client interface, which is tests/macos/fake/bridge.c
here and has not met a real one.
"""

import ctypes
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from made_drivers import attached, device_spec, driver_class
from platform_binaries import shared

import tympan
from tympan import HalError, OSStatus, PropertySpec
from tympan import _client_macos as macos
from tympan._client import PropertyInfo
from tympan._errors import BuildError, UsageError
from tympan.bundle import imports, runtime
from tympan.bundle.project import find
from tympan.testing import Host

CLASS = """

cdef class Calls(Driver):
    NAME, MANUFACTURER, VERSION = "Calls", "tests", "1.0"

    def device(self):
        return DeviceSpec("com.example.Calls", "Calls", "tests")
"""
BRIDGE = Path(__file__).parent / "macos" / "fake" / "bridge.c"
UID = "com.example.test.Device"
NAMES = {"Memo": "memo", "Stat": "state", "Volu": "volumes"}
SPEC = (
    device_spec().with_property(PropertySpec.string("Memo", "memo", settable=True, value="at first"))
    .with_property(PropertySpec.plist("Stat", "state", settable=True))
    .with_property(PropertySpec.plist("Volu", "volumes", settable=True, qualifier="string"))
    .with_property(PropertySpec.string("Cons", value="constant"))
)  # fmt: skip


class Noted(driver_class(SPEC, PROPERTIES=(PropertySpec.string("Vers", value="1.0"),))):
    def get_property(self, property, qualifier):
        if property.name == "volumes":
            return getattr(self, "kept", {}).get(qualifier, {})
        return property.value

    def set_property(self, property, value, qualifier):
        if value == "refuse":
            raise HalError("nrdy")
        if property.name == "volumes":
            self.kept = {**getattr(self, "kept", {}), qualifier: value}
        else:
            property.value = value


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    return shared(BRIDGE, tmp_path_factory.mktemp("bridge") / "bridge.so", f"-I{Path(tympan.__file__).parent}")


@pytest.fixture
def plugin():
    with Host() as hal:
        yield attached(hal, Noted)


@pytest.fixture(params=["simulated", "Core Audio"])
def connect(request, plugin, monkeypatch):
    """tympan.connect, by one of the two ways."""
    if request.param == "Core Audio":
        library = request.getfixturevalue("bridge")
        library.bridge_driver(ctypes.c_void_p(plugin.table.address))
        monkeypatch.setattr("tympan._client._backend", lambda: macos.CoreAudio(library, ctypes.CDLL(None)))
        before = plugin.properties_changed

        def changed(number, addresses):
            before(number, addresses)
            for selector, _, _ in addresses:
                library.bridge_changed(number, selector)

        monkeypatch.setattr(plugin, "properties_changed", changed)
    return tympan.connect


def test_what_there_is(connect):
    assert connect(SPEC).properties == [
        PropertyInfo("Memo", "string", None, True, "memo"), PropertyInfo("Stat", "plist", None, True, "state"),
        PropertyInfo("Volu", "plist", "string", True, "volumes"), PropertyInfo("Cons", "string", None, False, "Cons"),
    ]  # fmt: skip
    assert [info.name for info in connect(UID).properties] == ["Memo", "Stat", "Volu", "Cons"]
    assert [info.name for info in connect(UID, names={"Memo": "m"}).properties] == ["m", "Stat", "Volu", "Cons"]
    assert connect(plug_in=UID)["Vers"] == "1.0"


def test_reading_and_setting(connect, plugin):
    client = connect(SPEC)
    assert (client["memo"], client["Memo"], client["state"]) == ("at first", "at first", {})
    client["memo"] = "ä🎧"
    assert client["memo"] == "ä🎧" == plugin.driver.custom_property("memo").value
    value = {"list": [1, -2.5, True, b"\0\xff", "text", datetime(2024, 2, 29), {}], "large": 2**63 - 1}
    client["state"] = value
    assert client["state"] == value == plugin.driver.custom_property("state").value
    client["state"] = datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=2)))
    assert client["state"] == datetime(2024, 2, 29, 10)


def test_qualifiers(connect):
    client = connect(SPEC)
    client.set("volumes", {"volume": 0.5}, "com.example.One")
    client.set("volumes", {"volume": 0.25}, "com.example.Two")
    assert client.get("volumes", "com.example.One") == {"volume": 0.5}
    assert client.get("volumes", "com.example.Two") == {"volume": 0.25}
    for call in (lambda: client["volumes"], lambda: client.get("volumes", 5), lambda: client.get("memo", "one")):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize(("name", "value", "error"), [
    ("memo", 5, TypeError), ("state", None, TypeError), ("state", {1: 2}, TypeError), ("state", 2**63, ValueError),
    ("treble", "x", KeyError),
])  # fmt: skip
def test_what_cannot_be_set(connect, plugin, name, value, error):
    client = connect(SPEC)
    with pytest.raises(error):
        client[name] = value
    assert (client["memo"], client["state"]) == ("at first", {})


def test_a_status_of_the_driver(connect):
    client = connect(SPEC)
    for name, value, status in (("memo", "refuse", "nrdy"), ("Cons", "other", "unop")):
        with pytest.raises(HalError) as caught:
            client[name] = value
        assert caught.value.status == OSStatus(status)
    assert client["memo"] == "at first"


def test_watching(connect, plugin):
    client, seen = connect(SPEC), []
    watch = client.watch("memo", seen.append)
    with client.watch("volumes", seen.append, "com.example.One"):
        client["memo"] = "one"
        plugin.driver.custom_property("memo").value = "two"
        plugin.hal.pump()
        assert seen == ["two", "two"], "both calls came when the second value was there"
        client.set("volumes", {"volume": 0.5}, "com.example.One")
        plugin.hal.pump()
    watch.stop()
    watch.stop()
    client["memo"] = "three"
    client.set("volumes", {"volume": 1.0}, "com.example.One")
    plugin.hal.pump()
    assert seen == ["two", "two", {"volume": 0.5}]


def test_who_is_not_there(connect):
    with pytest.raises(UsageError, match=r"there is no device com.example.None"):
        connect("com.example.None")
    with pytest.raises(UsageError, match=r"there is no plug-in com.example.None"):
        connect(plug_in="com.example.None")
    for arguments in ({}, {"device": UID, "plug_in": UID}):
        with pytest.raises(UsageError, match="a device or a plug-in"):
            connect(**arguments)


def test_without_a_host():
    if sys.platform != "darwin":
        with pytest.raises(UsageError, match="there is no HAL to connect to"):
            tympan.connect(UID)


def test_a_listener_that_fails_is_told():
    def fails(value):
        raise RuntimeError("no")

    with Host() as hal:
        plugin = attached(hal, Noted)
        tympan.connect(SPEC).watch("memo", fails)
        plugin.driver.custom_property("memo").value = "other"
        with pytest.raises(RuntimeError, match="no"):
            hal.pump()


def test_what_the_hal_gives_is_no_value(bridge):
    """A reference that is NULL, or to what is no property list."""

    class Broken(macos.CoreAudio):
        def _call(self, name, thing, address, *arguments):
            arguments[-1]._obj.value = self.answer

    core = Broken(bridge, ctypes.CDLL(None))
    core.answer = None
    with pytest.raises(ValueError, match="has no value"):
        core.get(2, "Memo", None)


def test_it_stays_out_of_bundles(tmp_path):
    """Drivers must not be clients of the HAL."""
    for name in ("tympan._client", "tympan._client_macos"):
        modules = imports.Modules(type("Runtime", (), {"builtins": frozenset(), "kind": "static"}), tmp_path)
        with pytest.raises(BuildError, match="is a tool of tympan"):
            modules.require(name, ["made.pyx:1"])
    (tmp_path / "driver.pyx").write_text("from tympan import DeviceSpec, connect\nfrom tympan cimport Driver\n" + CLASS)
    with pytest.raises(BuildError, match=r"driver.pyx:1: the module tympan._client is a tool of tympan"):
        imports.collect(find(tmp_path).inspect(), runtime.choose("auto"))


def test_it_is_imported_when_it_is_used():
    text = "import sys, tympan; before = 'tympan._client' in sys.modules; tympan.connect; "
    text += "print(before, 'tympan._client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert done.stdout == "False True\n", done.stderr
