"""Files in Contents/Resources: listed by the project, found by the driver as its icon and its resource bundle."""

import pytest
from made_bundles import in_a_process, made_driver

from tympan._errors import BuildError, UsageError
from tympan.bundle import build_bundle, project

FILES = '[tool.tympan]\nresources = ["Box.icns", "Names.bundle"]\n'

READ = """
import sys
from tympan.testing import Host, _values
with Host() as hal:
    plugin = hal.load(sys.argv[1])
    device = plugin.devices[0]
    address = int.from_bytes(plugin.get(device, "icon"), "little")
    print(_values.from_cf(address))
    print(plugin.get_string(1, "rsrc"))
    from tympan.testing import _host
    _host.release(address)
"""


def made(folder, settings=FILES, icon="Box.icns", place="Contents/Resources/Names.bundle"):
    path = made_driver(folder, "Box", 0.5)
    text = path.read_text(encoding="utf-8").replace("    NAME", f'    RESOURCE_BUNDLE = "{place}"\n    NAME', 1)
    text = text.replace(".with_output(", f'.with_icon("{icon}").with_output(', 1)
    path.write_text(text, encoding="utf-8")
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    (folder / "Box.icns").write_bytes(b"icns")
    (folder / "Names.bundle" / "en.lproj").mkdir(parents=True)
    (folder / "Names.bundle" / "en.lproj" / "Localizable.strings").write_bytes(b"")
    return folder


def test_the_icon_and_the_resource_bundle(tmp_path):
    bundle = build_bundle(made(tmp_path / "source"), tmp_path / "dist")
    resources = bundle / "Contents" / "Resources"
    assert (resources / "Names.bundle" / "en.lproj" / "Localizable.strings").is_file()
    icon, place = in_a_process(READ, bundle).splitlines()
    assert icon.endswith("/Contents/Resources/Box.icns") and "Box.driver" in icon
    assert place == "Contents/Resources/Names.bundle"


@pytest.mark.parametrize("options,sentence", [
    ({"icon": "Other.icns"}, "the declaration has an icon 'Other.icns', which is not in the bundle"),
    ({"place": "Contents/Resources/None.bundle"}, "RESOURCE_BUNDLE is 'Contents/Resources/None.bundle', which is not"),
    ({"place": "../x"}, "Box.RESOURCE_BUNDLE is '../x'"),
])  # fmt: skip
def test_what_is_declared_and_not_there(tmp_path, options, sentence):
    with pytest.raises((UsageError, BuildError), match=sentence.replace(".", r"\.")):
        build_bundle(made(tmp_path / "source", **options), tmp_path / "dist")
    assert not list(tmp_path.glob("dist/*.driver"))


@pytest.mark.parametrize("line,sentence", [
    ('resources = "Box.icns"', "is no list of names"), ('resources = ["none.icns"]', "there is no 'none.icns'"),
    ("resources = [3]", "is no list of names"),
])  # fmt: skip
def test_settings_that_cannot_be_used(tmp_path, line, sentence):
    (tmp_path / "pyproject.toml").write_text(f"[tool.tympan]\n{line}\n")
    with pytest.raises(UsageError, match=sentence):
        project.read_settings(tmp_path)
