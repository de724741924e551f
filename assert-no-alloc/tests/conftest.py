"""Things to guard, compiled once per session."""

import ctypes

import building
import pytest

from assert_no_alloc import _guard, refresh, violation_policy, violations

pytest_plugins = ["pytester"]


class Library:
    """A C library's functions by attribute: called without the GIL, answering a long."""

    def __init__(self, path):
        self.path = path
        self._library = ctypes.CDLL(str(path))

    def __getattr__(self, name):
        function = getattr(self._library, name)
        function.restype = ctypes.c_long
        return function


@pytest.fixture(autouse=True)
def clean():
    """Each test begins with no violations waiting and ends with all teeth back."""
    violations()
    yield
    _guard._pull_teeth([])
    violation_policy("report")
    violations()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("built")


@pytest.fixture(scope="session")
def kernels(folder):
    """kernels.pyx, with debug information."""
    module = building.load(building.cython_module(building.HERE / "kernels.pyx", folder / "kernels", "-g"))
    refresh()
    return module


@pytest.fixture(scope="session")
def syscalls(folder):
    return Library(building.shared(building.HERE / "syscalls.c", folder / "syscalls.so"))


@pytest.fixture(scope="session")
def cxx(folder):
    return Library(building.shared(building.HERE / "cxx.cpp", folder / "cxx.so"))


@pytest.fixture(scope="session")
def traps(folder):
    """traps.c: ``run(symbol)`` calls that function."""
    path = building.shared(building.HERE / "traps.c", folder / "traps.so", "-O0", "-fno-builtin")
    return Traps(ctypes.CDLL(str(path)))


class Traps:
    """``kinds``: the kind of each symbol that has a call in traps.c."""

    def __init__(self, library):
        library.trap_kind.restype = library.trap_symbol.restype = ctypes.c_char_p
        library.set_up()
        self._library = library
        self._index = {library.trap_symbol(i).decode(): i for i in range(library.trap_count())}
        self.kinds = {symbol: library.trap_kind(i).decode() for symbol, i in self._index.items()}

    def run(self, symbol):
        self._library.trap_run(self._index[symbol])
