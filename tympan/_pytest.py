"""pytest: the marker and the fixture ``assert_no_alloc``, where the distribution of that name is not installed.

An entry point of tympan, so every pytest run of an environment with tympan imports this: it does little.
"""

from tympan import _vendored


def pytest_configure(config):
    """Register assert_no_alloc's own plugin under its own name, unless it is there or refused (``-p no:...``)."""
    plugins = config.pluginmanager
    if plugins.has_plugin("assert_no_alloc") or plugins.is_blocked("assert_no_alloc"):
        return
    _vendored.assert_no_alloc()
    from assert_no_alloc import pytest_plugin

    if not plugins.is_registered(pytest_plugin):
        plugins.register(pytest_plugin, "assert_no_alloc")
