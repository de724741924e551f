"""The marker and the fixture, in pytest runs of their own."""

import pytest

CODE = """
import ctypes
import pytest

libc = ctypes.CDLL(None)

def allocate():
    # Looked up while guarded: before, ctypes finds the function itself.
    libc.free.argtypes = [ctypes.c_void_p]
    libc.malloc.restype = ctypes.c_void_p
    libc.free(libc.malloc(10))
"""


@pytest.fixture
def outcome(pytester):
    def run(text, *flags):
        pytester.makepyfile(CODE + text)
        return pytester.runpytest_subprocess("--strict-markers", *flags)

    return run


def test_a_marked_test_fails_with_the_report(outcome):
    result = outcome(
        """
@pytest.mark.assert_no_alloc
def test_bad():
    allocate()

@pytest.mark.assert_no_alloc
def test_good():
    libc.abs(-1)

def test_unmarked():
    allocate()
"""
    )
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["*AllocationError: 2 forbidden calls in a guarded section", "*allocation: malloc()*"])


def test_marker_arguments(outcome):
    result = outcome(
        """
@pytest.mark.assert_no_alloc(scope="nogil", policy="report")
def test_bad():
    libc.usleep(1)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RealtimeViolation: 1 forbidden call in a guarded section", "*wait: usleep()*"])


def test_the_fixture_guards_a_part(outcome):
    result = outcome(
        """
def test_bad(assert_no_alloc):
    with assert_no_alloc():
        libc.puts(b"x")

def test_good(assert_no_alloc):
    libc.puts(b"x")
    with assert_no_alloc():
        libc.abs(-1)
"""
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*io: puts()*"])


def test_the_fixture_fails_for_guards_of_other_threads(outcome):
    """As a simulated host's IO thread would enter them."""
    result = outcome(
        """
import threading
from assert_no_alloc import _guard

def host():
    _guard.prepare()
    _guard.enter()
    libc.abs(-1)
    libc.usleep(1)
    _guard.leave()

def test_with_fixture(assert_no_alloc):
    thread = threading.Thread(target=host, name="host")
    thread.start()
    thread.join()

def test_without():
    host()

def test_after_that(assert_no_alloc):
    pass
"""
    )
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["*wait: usleep()*", "FAILED *test_with_fixture*"])


def test_a_failing_test_keeps_its_own_error(outcome):
    result = outcome(
        """
@pytest.mark.assert_no_alloc
def test_bad():
    libc.usleep(1)
    assert 1 == 2
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*", "*wait: usleep()*"])


def test_a_marked_test_that_guards_nothing_warns(outcome):
    result = outcome(
        """
@pytest.mark.assert_no_alloc
def test_vacuous():
    pass
"""
    )
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*NothingGuarded*"])


def test_the_marker_is_documented(outcome):
    outcome("", "--markers").stdout.fnmatch_lines(["@pytest.mark.assert_no_alloc(scope='nogil', policy=None):*"])


def test_loading_the_plugin_changes_nothing(pytester):
    """The process is patched when something is guarded for the first time, not before."""
    pytester.makepyfile(
        """
        from assert_no_alloc import _guard

        def test_nothing_yet():
            assert not any(found for *_, found in _guard.hooks())
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
