"""Info.plist: what the sandbox, the loader and Finder need, from class attributes and ``[tool.tympan]``."""

import plistlib

import pytest
from made_bundles import made_driver

from tympan._errors import BuildError, UsageError
from tympan.bundle import BundleConfig, layout, permissions, plist, project
from tympan.bundle.build import configure

SERVICES = ["com.example.b", "com.example.a"]
CONDITIONS = [{"IOProviderClass": "IOUSBDevice", "idVendor": 1}]
ALL = {"mach-services": SERVICES, "network": True, "iokit-user-clients": ["ExampleClient"],
       "loading-conditions": CONDITIONS}  # fmt: skip


def keys(**options):
    """The keys of AudioServerPlugIn.h in the Info.plist of a configuration."""
    data = plist.generate(BundleConfig("com.example.A", "A", "A", **options))
    return {key: value for key, value in plistlib.loads(data).items() if key.startswith("AudioServerPlugIn_")}


def test_the_four_keys():
    """Names and types as AudioServerPlugIn.h has them."""
    assert keys(permissions=ALL) == {
        "AudioServerPlugIn_MachServices": sorted(SERVICES),
        "AudioServerPlugIn_Network": True,
        "AudioServerPlugIn_IOKitUserClients": ["ExampleClient"],
        "AudioServerPlugIn_LoadingConditions": {"IOService Matching": CONDITIONS},
    }


def test_what_is_not_asked_for_is_not_there():
    """The header: the Network key "must be set to true if the key is present"."""
    assert keys() == {}
    empty = {"mach-services": [], "network": False, "iokit-user-clients": [], "loading-conditions": []}
    assert keys(permissions=empty) == {}


def test_the_same_bytes_whatever_the_order():
    turned = {key: ALL[key] for key in reversed(ALL)} | {"mach-services": SERVICES[::-1]}
    devices = [{"UID": "u", "Name": "n"}], [{"Name": "n", "UID": "u"}]
    first, second = (
        plist.generate(BundleConfig("com.example.A", "A", "A", permissions=given, devices=found, icon="x"))
        for given, found in zip((ALL, turned), devices, strict=True)
    )
    assert first == second and b"CFBundleIconFile" in first


BAD = [
    ("mach-services", "com.example.a"), ("mach-services", ["a"]), ("mach-services", [3]), ("network", "yes"),
    ("iokit-user-clients", ["a.b"]), ("iokit-user-clients", "A"), ("loading-conditions", {"a": 1}),
    ("loading-conditions", [{}]), ("loading-conditions", [{"a": None}]), ("loading-conditions", [{"a": [{1: 2}]}]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), BAD)
def test_values_that_coreaudiod_would_not_understand(key, value):
    assert permissions.wrong(key, value) == permissions.WRONG[key]


@pytest.mark.parametrize(("key", "value"), [*ALL.items(), ("loading-conditions", [{"a": [1.5, {"b": True}]}])])
def test_values_that_are_fine(key, value):
    assert permissions.wrong(key, value) == ""


# ---- where they come from ----


def driver(folder, attributes="", settings=""):
    """A project whose class has these attributes."""
    path = made_driver(folder, "Tiny", 0.5)
    text = path.read_text(encoding="utf-8")
    assert "    NAME" in text
    path.write_text(text.replace("    NAME", f"{attributes}    NAME", 1), encoding="utf-8")
    (folder / "pyproject.toml").write_text(f"[tool.tympan]\n{settings}", encoding="utf-8")
    return folder


def test_class_attributes_and_settings(tmp_path):
    """The project's settings stand over the class's; the device's facts come along."""
    attributes = (
        '    MACH_SERVICES = ("com.example.old",)\n    NETWORK = True\n    IOKIT_USER_CLIENTS = ("ExampleClient",)\n'
        '    LOADING_CONDITIONS = ({"IOProviderClass": "IOUSBDevice"},)\n'
    )
    folder = driver(tmp_path, attributes, 'mach-services = ["com.example.new"]\nicon = "tiny.icns"\n')
    (folder / "tiny.icns").write_bytes(b"icns rest")
    info = plist.contents(configure(folder)[1])
    assert info["AudioServerPlugIn_MachServices"] == ["com.example.new"]
    assert info["AudioServerPlugIn_Network"] is True
    assert info["AudioServerPlugIn_IOKitUserClients"] == ["ExampleClient"]
    assert info["AudioServerPlugIn_LoadingConditions"] == {"IOService Matching": [{"IOProviderClass": "IOUSBDevice"}]}
    assert info["CFBundleIconFile"] == "Tiny.icns"
    (device,) = info["TympanDevices"]
    assert (device["InputChannels"], device["OutputChannels"]) == (2, 2) and device["UID"].startswith("com.example")


@pytest.mark.parametrize("value", ['("nodots",)', "print", "3"])
def test_a_class_attribute_that_cannot_be_used(tmp_path, value):
    with pytest.raises(BuildError, match=r"tiny.pyx: Tiny.MACH_SERVICES = .* is not a list of Mach service names"):
        configure(driver(tmp_path, f"    MACH_SERVICES = {value}\n"))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("network = 1", "network = 1 is neither true nor false"),
        ('mach-services = "com.example.a"', "is not a list of Mach service names"),
        ('icon = "none.icns"', "there is no such file"),
        ('icon = "wrong.icns"', "is not an .icns file"),
        ("icon = 3", "must be text"),
    ],
)
def test_a_setting_that_cannot_be_used(tmp_path, line, text):
    (tmp_path / "wrong.icns").write_bytes(b"\x89PNG")
    (tmp_path / "pyproject.toml").write_text(f"[tool.tympan]\n{line}\n")
    with pytest.raises(UsageError) as caught:
        project.read_settings(tmp_path)
    assert text in str(caught.value)


def test_the_icon_is_where_info_plist_says(tmp_path):
    (tmp_path / "any.icns").write_bytes(b"icns")
    config = BundleConfig("com.example.A", "A", "A", icon=tmp_path / "any.icns")
    layout.add_icon(tmp_path, config)
    assert (tmp_path / "Resources" / plist.contents(config)["CFBundleIconFile"]).read_bytes() == b"icns"
    layout.add_icon(tmp_path / "none", BundleConfig("com.example.A", "A", "A"))
    assert not (tmp_path / "none").exists()
