"""Entering the GIL: from extension modules by name, from a private interpreter by its lock."""

import ctypes

import building
from catching import caught
from conftest import Library

from assert_no_alloc import _guard, violations


def test_with_gil_is_one_violation(kernels):
    """What Python does inside is not reported on top."""
    assert caught(kernels.run_nogil, "gil") == [("GIL", "PyGILState_Ensure")]


def test_with_gil_in_a_guard_of_c(kernels):
    assert kernels.run_guarded("gil", 3) == 3
    (violation,) = violations()
    assert (violation.kind, violation.function, violation.count) == ("GIL", "PyGILState_Ensure", 3)


def test_the_guard_goes_on_after_it(kernels):
    names = [function for _, function in caught(kernels.run_nogil, "gil, malloc")]
    assert names == ["PyGILState_Ensure", "malloc", "free"]


def test_without_its_tooth_it_is_missed(kernels):
    _guard._pull_teeth(["PyGILState_Ensure"])
    assert caught(kernels.run_nogil, "gil") == []


def test_giving_the_gil_up_and_taking_it_back(kernels):
    """A guarded section entered with the GIL: both ways count, and the guard holds on either side."""
    assert kernels.run_guarded_holding_gil("nothing") == 2
    assert [v.function for v in violations()] == ["PyEval_SaveThread", "PyEval_RestoreThread"]
    assert kernels.run_guarded_holding_gil("malloc") == 6
    assert kernels.run_guarded("nothing") == 0


def test_the_same_inside_a_with(kernels):
    """The nogil section of a section that is guarded already is not the one that the `with` waits for."""
    names = [function for _, function in caught(kernels.run_guarded_holding_gil, "malloc")]
    assert names == ["PyEval_SaveThread", "malloc", "free", "PyEval_RestoreThread", "malloc", "free"]
    assert not _guard.active()
    assert caught(kernels.run_nogil, "nothing") == []


def test_a_guard_left_inside_the_gil_is_left(kernels):
    """The section ends between taking the GIL and giving it back: nothing stays permitted or forbidden."""
    kernels.leave_inside_gil()
    assert [v.function for v in violations()] == ["PyGILState_Ensure"]
    assert kernels.run_guarded("malloc") == 2
    assert not _guard.active()


def test_a_permitted_gil_changes_nothing(kernels):
    """In either kind of section; what comes after the permit is caught again."""
    assert [function for _, function in caught(kernels.run_nogil, "permitted gil, calloc")] == ["calloc", "free"]
    assert kernels.run_guarded("permitted gil, calloc", 2) == 4
    assert caught(kernels.run_nogil, "malloc") != []


def test_a_callback_into_python_is_caught():
    """ctypes enters the GIL for it."""
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda a, b: 0)
    qsort = ctypes.CDLL(None).qsort
    values = (ctypes.c_int * 2)(2, 1)
    assert ("GIL", "PyGILState_Ensure") in caught(lambda: qsort(values, 2, 4, callback))


def test_a_private_interpreters_gil_is_known_by_its_name(tmp_path):
    """In a bundle nothing of Python is imported: what is trapped is the GIL's mutex."""
    source = tmp_path / "private.c"
    source.write_text(
        "#include <pthread.h>\n"
        "static pthread_mutex_t gil = PTHREAD_MUTEX_INITIALIZER;\n"
        'static __attribute__((noinline)) void take_gil(void) { pthread_mutex_lock(&gil); __asm__(""); }\n'
        "long enter(void) { take_gil(); pthread_mutex_unlock(&gil); return 1; }\n"
    )
    library = Library(building.shared(source, tmp_path / "private.so"))
    assert caught(library.enter) == [("GIL", "pthread_mutex_lock"), ("lock", "pthread_mutex_unlock")]
