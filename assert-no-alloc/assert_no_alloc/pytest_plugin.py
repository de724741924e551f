"""The marker and the fixture ``assert_no_alloc``; an entry point, so there is nothing to configure."""

import contextlib

import pytest

import assert_no_alloc as package
from assert_no_alloc._violation import error

_MARKER = (
    "assert_no_alloc(scope='nogil', policy=None): the nogil sections of this test may not allocate, lock, wait, "
    "do IO, start threads, make system calls or enter the GIL."
)


def pytest_configure(config):
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def assert_no_alloc():
    """The context manager ``assert_no_alloc``. A test that asks for it also fails for violations
    of guards that C or Cython code has entered, on any thread."""
    return package.assert_no_alloc


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Guard a marked test; afterwards fail it for what no ``with`` of its own has raised."""
    __tracebackhide__ = True
    marker = item.get_closest_marker("assert_no_alloc")
    if marker is None and "assert_no_alloc" not in getattr(item, "fixturenames", ()):
        return (yield)
    package.violations()  # of earlier tests
    with package.assert_no_alloc(**marker.kwargs) if marker else contextlib.nullcontext():
        result = yield
    left = package.violations()
    if left:
        raise error(left)
    return result
