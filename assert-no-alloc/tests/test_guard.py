"""Nesting, permits, threads, scopes, exceptions, decorators."""

import os
import threading
import time
import warnings

import pytest
from catching import caught

from assert_no_alloc import (
    AllocationError,
    NothingGuarded,
    RealtimeViolation,
    _guard,
    assert_no_alloc,
    permit_alloc,
    violation_policy,
    violations,
)


def functions():
    return [v.function for v in violations()]


def test_nogil_code_enters_by_itself(kernels):
    assert kernels.run_guarded("nothing") == 0
    assert kernels.run_guarded("malloc") == 2
    assert functions() == ["malloc", "free"]


def test_guards_nest(kernels):
    assert kernels.run_nested("malloc") == 2  # inside the outer one only
    assert functions() == ["malloc", "free"]


def test_a_permit_lifts_all_guards(kernels):
    assert kernels.run_permitted("malloc") == 0
    assert kernels.run_after_permit("malloc") == 2


def test_c_by_the_capsule(kernels):
    assert kernels.by_capsule() == 2


def test_totals_count_all_threads(kernels):
    before = kernels.total()
    thread = threading.Thread(target=kernels.run_guarded, args=("malloc",))
    thread.start()
    thread.join()
    kernels.run_guarded("malloc")
    assert kernels.total() - before == 4
    assert len({v.thread_id for v in violations()}) == 2


def test_a_leave_too_many_is_forgotten(kernels):
    assert kernels.unbalanced_leave() == (True, False)


def test_another_thread_may_allocate(kernels):
    go, done = threading.Event(), threading.Event()

    def other():
        go.wait()
        kernels.run_nogil("malloc", 10_000)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with assert_no_alloc():
        go.set()
        kernels.run_nogil("nothing", 10_000)
        done.wait()
    thread.join()
    assert violations() == []


def test_both_threads_at_once(kernels):
    """Eight threads, every other one guarded, all allocating: only the guarded ones are reported."""
    ids = {}

    def work(guarded):
        ids.setdefault(guarded, set()).add(threading.get_native_id())
        barrier.wait()
        (kernels.run_guarded if guarded else kernels.run_nogil)("malloc", 500)

    barrier = threading.Barrier(8)
    threads = [threading.Thread(target=work, args=(bool(i % 2),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = violations()
    assert {v.thread_id for v in found} == ids[True]
    assert sum(v.count for v in found) == 4 * 500 * 2


def test_with_raises_at_its_end(kernels):
    with pytest.raises(AllocationError) as caught_error, assert_no_alloc() as guard:
        kernels.run_nogil("malloc", 3)
        done = True
    assert done and guard.violations == caught_error.value.violations
    assert [(v.function, v.count) for v in guard.violations] == [("malloc", 3), ("free", 3)]
    assert str(caught_error.value).startswith("2 forbidden calls in a guarded section\n\nallocation: malloc()")
    assert violations() == []


def test_the_error_is_named_after_the_first_violation(kernels):
    with pytest.raises(RealtimeViolation) as caught_error, assert_no_alloc():
        kernels.run_nogil("printf")
    assert type(caught_error.value) is RealtimeViolation
    assert isinstance(caught_error.value, AssertionError)


def test_with_guards_nogil_sections_only(kernels):
    with assert_no_alloc():
        kernels.run_nogil("nothing")
        assert len([0] * 1_000_000) == 1_000_000
        assert not _guard.active()


def test_scope_all_guards_calls_that_keep_the_gil(kernels):
    assert ("allocation", "malloc") in caught(kernels.run_holding_gil, "malloc", scope="all")
    assert caught(kernels.run_holding_gil, "nothing", scope="all") == []


def test_a_with_that_guarded_nothing_says_so(kernels):
    with pytest.warns(NothingGuarded), assert_no_alloc():
        pass
    with pytest.warns(NothingGuarded), assert_no_alloc():
        kernels.run_holding_gil("malloc")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with assert_no_alloc(), assert_no_alloc():
            kernels.run_nogil("nothing")
        with assert_no_alloc():
            kernels.run_guarded("nothing")


def test_withs_nest_and_each_violation_is_raised_once(kernels):
    with assert_no_alloc():
        with pytest.raises(AllocationError), assert_no_alloc():
            kernels.run_nogil("malloc")
        kernels.run_nogil("nothing")
    with pytest.raises(RealtimeViolation) as caught_error, assert_no_alloc():
        with assert_no_alloc():
            kernels.run_nogil("nothing")
        kernels.run_nogil("usleep")
    assert [v.function for v in caught_error.value.violations] == ["usleep"]


def test_one_guard_object_is_one_with_at_a_time(kernels):
    guard = assert_no_alloc()
    for _ in range(2):
        with guard:
            kernels.run_nogil("nothing")
            with pytest.raises(RuntimeError, match="entered already"), guard:
                pass


def test_a_thread_that_ends_inside_its_guard(kernels):
    """Whatever its end calls is reported; the process lives on."""
    thread = threading.Thread(target=_guard.enter)
    _guard.prepare()
    thread.start()
    thread.join()
    while os.path.exists(f"/proc/self/task/{thread.native_id}"):  # join comes before the system's end of it
        time.sleep(0.001)
    assert violations()
    assert kernels.run_guarded("malloc") == 2


def test_permit_alloc_from_python(kernels):
    with assert_no_alloc():
        kernels.run_nogil("nothing")
        with permit_alloc():
            kernels.run_nogil("malloc")
    with pytest.raises(AllocationError), assert_no_alloc():
        with permit_alloc():
            pass
        kernels.run_nogil("malloc")


def test_an_exception_goes_on_with_the_report_as_note(kernels):
    with pytest.raises(KeyError) as caught_error, assert_no_alloc():
        kernels.run_nogil("malloc")
        raise KeyError("mine")
    assert "malloc()" in caught_error.value.__notes__[0]
    with pytest.raises(KeyError) as caught_error, assert_no_alloc():
        raise KeyError("mine")
    assert not hasattr(caught_error.value, "__notes__")
    kernels.run_nogil("malloc")
    assert violations() == []


@pytest.mark.parametrize("decorate", [assert_no_alloc, assert_no_alloc(), assert_no_alloc(scope="nogil")])
def test_decorator(kernels, decorate):
    @decorate
    def guarded(name, times=1):
        """Documented."""
        kernels.run_nogil(name, times)
        return name

    assert guarded.__name__ == "guarded" and guarded.__doc__ == "Documented."
    assert guarded("nothing") == "nothing"
    with pytest.raises(AllocationError):
        guarded("malloc", times=2)
    assert guarded("nothing", times=2) == "nothing"


def test_permit_alloc_as_decorator(kernels):
    @permit_alloc()
    def permitted():
        kernels.run_nogil("malloc")

    with assert_no_alloc():
        permitted()
        kernels.run_nogil("nothing")


def test_what_returns_before_it_runs_cannot_be_decorated():
    async def coroutine():
        pass

    def generator():
        yield

    for function in (coroutine, generator):
        with pytest.raises(TypeError, match="guard inside it instead"):
            assert_no_alloc(function)


def test_wrong_words():
    with pytest.raises(ValueError, match="scope is 'nogil' or 'all', not 'gil'"):
        assert_no_alloc(scope="gil")
    with pytest.raises(ValueError, match="policy is 'report' or 'abort', not 'warn'"):
        assert_no_alloc(policy="warn")


def test_policy_of_the_process():
    assert violation_policy() == "report"
    assert violation_policy("abort") == "abort"
    assert violation_policy() == "abort"
    assert violation_policy("report") == "report"


def test_a_with_leaves_what_was_recorded_before_it_alone(kernels):
    kernels.run_guarded("malloc")
    with assert_no_alloc():
        kernels.run_nogil("nothing")
    assert functions() == ["malloc", "free"]


def test_what_c_recorded_is_handed_out_once(kernels):
    kernels.run_guarded("malloc")
    assert functions() == ["malloc", "free"]
    assert functions() == []


def test_a_with_leaves_other_threads_violations_alone(kernels):
    with assert_no_alloc():
        thread = threading.Thread(target=kernels.run_guarded, args=("malloc",))
        thread.start()
        thread.join()
        kernels.run_nogil("nothing")
    assert functions() == ["malloc", "free"]
