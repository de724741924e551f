"""The `example` fixture: the driver of the folder a test is in, as extension module and as bundle."""

from pathlib import Path

import pytest


class Example:
    """``open(hal)`` answers the plug-in in one of its two shapes."""

    def __init__(self, folder, bundle):
        self.folder, self.bundle = folder, bundle

    def open(self, hal):
        from tympan.bundle import import_driver

        return hal.load(self.bundle) if self.bundle else hal.attach(import_driver(self.folder))

    def check_plist(self):
        """The committed Info.plist is what the bundler generates (`python -m tympan plist`)."""
        if self.bundle:
            generated = (self.bundle / "Contents" / "Info.plist").read_bytes()
            assert (self.folder / "Info.plist").read_bytes() == generated


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """Build each example's bundle once; a function folder -> path."""
    from tympan.bundle import build_bundle

    built = {}

    def build(folder):
        if folder not in built:
            built[folder] = build_bundle(folder, tmp_path_factory.mktemp(folder.name))
        return built[folder]

    return build


@pytest.fixture(params=["extension", "bundle"])
def example(request, bundles):
    folder = Path(request.path).parent.parent
    return Example(folder, bundles(folder) if request.param == "bundle" else None)
