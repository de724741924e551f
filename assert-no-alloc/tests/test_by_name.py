"""Functions trapped by their name: each one that this system has, and each one's tooth."""

import re

import pytest
from building import HERE
from catching import caught

from assert_no_alloc import _guard, violations
from assert_no_alloc._violation import KINDS

#: Every symbol with a call in traps.c; read from the file so that the tests have names.
SYMBOLS = re.findall(r"TRAP\((?:[a-z ]+), (\w+),", (HERE / "traps.c").read_text())
SYMBOLS = [symbol for symbol in SYMBOLS if symbol != "symbol"]
CXX = {
    "grow_vector": ("allocation", "operator new"),
    "make_string": ("allocation", "operator new"),
    "plain_new": ("allocation", "operator delete"),
    "throw_and_catch": ("allocation", "__cxa_allocate_exception"),
    "lazy_static": ("lock", "__cxa_guard_acquire"),
}
PYTHON = ["PyMem_RawMalloc", "PyMem_Malloc", "PyObject_Malloc"]


def found_hooks():
    """``{symbol: kind}`` of all hooks this system has, but for those of test_gil.py and dlsym, which is none."""
    return {symbol: KINDS[kind] for symbol, _, kind, found in _guard.hooks() if found and KINDS[kind] != "GIL"}


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_trapped_function_is_caught_by_its_name(traps, symbol):
    assert (traps.kinds[symbol], symbol) in caught(traps.run, symbol)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_without_its_tooth_it_is_missed(traps, symbol):
    _guard._pull_teeth([symbol])
    assert symbol not in [function for _, function in caught(traps.run, symbol)]


def test_nothing_is_caught_outside_the_guard(traps, cxx):
    for symbol in SYMBOLS:
        traps.run(symbol)
    for name in set(CXX) - {"lazy_static"}:  # which is lazy once
        getattr(cxx, name)()
    assert violations() == []


def test_every_trapped_function_has_its_test(traps):
    _guard.prepare()
    by_other_tests = {s for s in found_hooks() if s.startswith(("Py", "_Z", "__cxa_", "dlsym", "syscall"))}
    assert set(found_hooks()) - by_other_tests == set(traps.kinds) & set(found_hooks())
    assert {s: k for s, k in found_hooks().items() if s in traps.kinds} == {
        s: k for s, k in traps.kinds.items() if s in found_hooks()
    }


def test_this_system_has_every_function_of_traps_c(traps):
    assert set(traps.kinds) <= set(found_hooks())


@pytest.mark.parametrize(("name", "expected"), CXX.items())
def test_cxx_is_caught(cxx, name, expected):
    assert expected in caught(getattr(cxx, name))


@pytest.mark.parametrize(("name", "expected"), [item for item in CXX.items() if item[0] != "lazy_static"])
def test_cxx_without_its_tooth_is_missed(cxx, name, expected):
    _guard._pull_teeth([symbol for symbol, shown, _, _ in _guard.hooks() if shown == expected[1]])
    assert expected not in caught(getattr(cxx, name))


@pytest.mark.parametrize("name", PYTHON)
def test_pythons_allocators_are_caught(kernels, name):
    assert ("allocation", name) in caught(kernels.allocate_with_python, name, scope="all")


def test_free_of_null_is_no_violation(kernels):
    assert caught(kernels.run_nogil, "free NULL") == []
