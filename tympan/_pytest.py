"""pytest: fixtures with a simulated HAL, and assert_no_alloc's where the distribution of that name is not installed.

An entry point of tympan, so every pytest run of an environment with tympan imports this: it does little,
and imports the rest when a fixture is used.
"""

from pathlib import Path

import pytest

from tympan import _vendored


def pytest_addoption(parser):
    """The ini options ``tympan_driver`` and ``tympan_host``."""
    parser.addini("tympan_driver", "the driver of the fixtures: a .driver, a .pyx, or a folder with one")
    parser.addini("tympan_host", "options of the fixture hal, one name=value per line", "linelist")


def pytest_configure(config):
    """Register assert_no_alloc's own plugin under its own name, unless it is there or refused (``-p no:...``)."""
    config.addinivalue_line("markers", "hal(**options): options of Host for the fixture hal")
    config.addinivalue_line("markers", "driver(path): the driver for the fixtures driver and device")
    plugins = config.pluginmanager
    if plugins.has_plugin("assert_no_alloc") or plugins.is_blocked("assert_no_alloc"):
        return
    _vendored.assert_no_alloc()
    from assert_no_alloc import pytest_plugin

    if not plugins.is_registered(pytest_plugin):
        plugins.register(pytest_plugin, "assert_no_alloc")


def _number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"true": True, "false": False}.get(text.lower(), text)


@pytest.fixture
def hal(request):
    """A simulated HAL (tympan.testing.Host) for one test, with the options of the ini line
    ``tympan_host`` and of ``@pytest.mark.hal(...)``. At its end the Host judges, as everywhere: an error
    there is the test's."""
    from tympan.testing import Host

    lines = request.config.getini("tympan_host")
    options = {name.strip(): _number(value.strip()) for name, _, value in (line.partition("=") for line in lines)}
    for mark in reversed(list(request.node.iter_markers("hal"))):
        options |= mark.kwargs
    with Host(**options) as host:
        yield host


@pytest.fixture
def driver_path(request):
    """Where the driver is: ``@pytest.mark.driver(path)`` or the ini option ``tympan_driver``."""
    mark = request.node.get_closest_marker("driver")
    named = mark.args[0] if mark else request.config.getini("tympan_driver")
    if not named:
        pytest.fail("no driver is named: set tympan_driver in the ini file, or use @pytest.mark.driver(path)", False)
    return Path(request.config.rootpath, named)


@pytest.fixture
def driver(hal, driver_path):
    """The driver in the simulated HAL (a Plugin): a .driver is loaded, a .pyx is compiled and attached."""
    if driver_path.suffix == ".driver":
        return hal.load(driver_path)
    from tympan.bundle import import_driver

    return hal.attach(import_driver(driver_path))


@pytest.fixture
def device(driver):
    """The driver's only device, with ``render(audio)`` for numpy arrays of float32 (frames, channels)."""
    return driver.device()
