"""Queues, timers, semaphores and clocks, after Apple's Dispatch and Mach references; mostly on the virtual clock."""

import ctypes
import threading
import time

import pytest
from platform_library import WORK, MachTime, clean, lib, told

from tympan.testing import _platform

__all__ = ["clean"]
NOW, FOREVER, WALL_NOW = 0, 2**64 - 1, 2**64 - 2
SECOND = 1_000_000_000
TIMED_OUT, INVALID, TERMINATED = 49, 4, 37
TASK = ctypes.c_uint32.in_dll(lib, "mach_task_self_").value


@pytest.fixture
def queue():
    made = lib.dispatch_queue_create(b"queue", None)
    yield made
    lib.dispatch_release(made)


@pytest.fixture
def seen():
    return []


@pytest.fixture
def note(seen):
    """A piece of work that writes down its context."""
    return WORK(lambda context: seen.append(context or 0))


def variable(name):
    return ctypes.addressof(ctypes.c_char.in_dll(lib, name))


@pytest.fixture(autouse=True)
def virtual():
    _platform.set_clock(True, 125, 3)
    _platform.set_time(1_000_000)


# --- clocks --------------------------------------------------------------------------


def test_sleep_stops_one_clock_and_not_the_other():
    assert _platform.now() == _platform.continuous_now() == lib.mach_continuous_time()
    _platform.sleep(500)
    _platform.advance(10)
    assert (_platform.now(), lib.mach_continuous_time()) == (1_000_010, 1_000_510)
    _platform.set_clock(True, 1, 1)
    assert _platform.now() == _platform.continuous_now(), "a new clock has not slept"


@pytest.mark.parametrize("timebase", [(1, 1), (125, 3)])
def test_the_real_clocks(timebase):
    _platform.set_clock(False, *timebase)
    absolute, continuous = lib.mach_absolute_time(), lib.mach_continuous_time()
    assert continuous >= absolute
    _platform.sleep(10**12)
    absolute, continuous = lib.mach_absolute_time(), lib.mach_continuous_time()
    assert continuous - absolute >= 10**12


def test_host_time_by_its_other_names():
    assert lib.AudioGetCurrentHostTime() == lib.mach_approximate_time() == _platform.now()
    assert lib.AudioGetHostClockFrequency() == pytest.approx(24e6)
    assert lib.AudioConvertHostTimeToNanos(3) == 125
    assert lib.AudioConvertNanosToHostTime(SECOND) == 24_000_000
    assert lib.AudioConvertHostTimeToNanos(2**62) == 2**62 * 125 // 3 % 2**64


# --- queues --------------------------------------------------------------------------


def test_sync_runs_at_once_on_the_caller_and_behind_what_was_queued(queue, seen, note):
    other = lib.dispatch_queue_create(b"other", None)
    lib.dispatch_async_f(queue, 1, note)
    lib.dispatch_async_f(other, 2, note)
    lib.dispatch_async_f(queue, 3, note)
    thread = []
    lib.dispatch_sync_f(queue, 4, WORK(lambda context: seen.append(context) or thread.append(threading.get_ident())))
    assert seen == [1, 3, 4], "the work of other queues has not been asked for"
    assert thread == [threading.get_ident()]
    _platform.pump()
    assert seen == [1, 3, 4, 2]
    lib.dispatch_release(other)


def test_sync_with_worker_threads(queue, seen):
    _platform.set_queue_threaded(True)
    slow = WORK(lambda context: time.sleep(0.02) or seen.append(context))
    for number in range(1, 4):
        lib.dispatch_async_f(queue, number, slow)
    lib.dispatch_sync_f(queue, 4, slow)
    assert seen == [1, 2, 3, 4]


def test_sync_onto_the_queue_itself_never_ends_on_a_mac(queue, seen, note):
    lib.dispatch_async_f(queue, None, outer := WORK(lambda context: lib.dispatch_sync_f(queue, 1, note)))
    _platform.pump()
    assert (seen, bool(outer)) == ([1], True)
    assert told() == ['dispatch_sync_f onto dispatch queue "queue" from its own work, which waits for ever']


def test_work_of_a_serial_queue_never_overlaps_and_of_others_does(queue):
    """Two queues meet in the middle: with one thread for all of them they would not."""
    other, meeting, count = lib.dispatch_queue_create(b"other", None), threading.Barrier(2), []
    meet = WORK(lambda context: count.append(meeting.wait(10)))
    _platform.set_queue_threaded(True)
    lib.dispatch_async_f(queue, None, meet)
    lib.dispatch_async_f(other, None, meet)
    _platform.pump()
    assert sorted(count) == [0, 1]
    lib.dispatch_release(other)


def test_a_concurrent_queue_overlaps():
    attribute = variable("_dispatch_queue_attr_concurrent")
    for queue in (lib.dispatch_queue_create(b"many", attribute), lib.dispatch_get_global_queue(0, 0)):
        meeting, count = threading.Barrier(2), []
        meet = WORK(lambda context, meeting=meeting, count=count: count.append(meeting.wait(10)))
        _platform.set_queue_threaded(True)
        lib.dispatch_async_f(queue, None, meet)
        lib.dispatch_async_f(queue, None, meet)
        _platform.pump()
        assert sorted(count) == [0, 1]
        _platform.set_queue_threaded(False)
        lib.dispatch_release(queue)


def test_global_and_main_queues_are_not_released(seen, note):
    queues = {lib.dispatch_get_global_queue(priority, 0) for priority in (2, 0, -2, -32768, 0x19, 0x11, 0x15)}
    assert len(queues) == 4
    main = variable("_dispatch_main_q")
    for queue in (*queues, main):
        lib.dispatch_release(queue)
        lib.dispatch_async_f(queue, 5, note)
    _platform.pump()
    assert seen == [5] * 5
    assert lib.dispatch_queue_get_label(main) == b"com.apple.main-thread"


def test_a_suspended_queue_waits(queue, seen, note):
    lib.dispatch_suspend(queue)
    lib.dispatch_async_f(queue, 1, note)
    with pytest.raises(TimeoutError):
        _platform.pump(0.01)
    lib.dispatch_resume(queue)
    _platform.pump()
    assert seen == [1]
    lib.dispatch_resume(queue)
    assert told() == ["dispatch_resume of a dispatch queue that is not suspended"]


def test_context_and_label(queue):
    lib.dispatch_set_context(queue, 77)
    assert (lib.dispatch_get_context(queue), lib.dispatch_queue_get_label(queue)) == (77, b"queue")


def test_once(seen, note):
    predicate = ctypes.c_long(0)
    for number in (1, 2):
        lib.dispatch_once_f(ctypes.byref(predicate), number, note)
    assert (seen, predicate.value) == ([1], -1)


def test_once_lets_others_wait_until_it_is_done(seen):
    predicate, inside = ctypes.c_long(0), threading.Event()

    @WORK
    def slow(context):
        inside.set()
        time.sleep(0.05)
        seen.append("first")

    first = threading.Thread(target=lib.dispatch_once_f, args=(ctypes.byref(predicate), None, slow))
    first.start()
    assert inside.wait(10)
    lib.dispatch_once_f(ctypes.byref(predicate), None, slow)
    assert seen == ["first"]
    first.join()


# --- times and timers ------------------------------------------------------------------


def test_times():
    assert lib.dispatch_time(NOW, SECOND) == 25_000_000
    assert lib.dispatch_time(25_000_000, -SECOND) == 1_000_000
    assert lib.dispatch_time(FOREVER, 1) == FOREVER
    assert lib.dispatch_time(NOW, 2**63 - 1) < FOREVER, "292 years are a time"
    assert lib.dispatch_time(2**63 - 10, 2**62) == FOREVER
    assert lib.dispatch_time(1, -SECOND) == 1, "before the machine began; 0 would mean now"
    _platform.sleep(100)
    assert lib.dispatch_walltime(None, SECOND) == lib.dispatch_time(WALL_NOW, SECOND) == 2**63 | 25_000_100


def test_wall_time_from_a_date():
    epoch = ctypes.c_double.in_dll(lib, "kCFAbsoluteTimeIntervalSince1970").value
    today = int(lib.CFAbsoluteTimeGetCurrent() + epoch)
    when = (ctypes.c_int64 * 2)(today + 10, 0)
    ticks = lib.dispatch_walltime(ctypes.addressof(when), 0) - lib.dispatch_walltime(None, 0)
    assert 9 * 24_000_000 <= ticks <= 10 * 24_000_000


def test_after_waits_for_the_virtual_clock(queue, seen, note):
    for seconds in (3, 1, 2):
        lib.dispatch_after_f(lib.dispatch_time(NOW, seconds * SECOND), queue, seconds, note)
    assert (_platform.pending(), _platform.pump(), _platform.next_timer()) == (0, 0, 25_000_000)
    _platform.advance(24_000_000)
    assert (_platform.pending(), _platform.pump(), seen) == (1, 1, [1])
    _platform.advance(48_000_000)
    _platform.pump()
    assert (seen, _platform.next_timer()) == ([1, 2, 3], None)


def test_uptime_timers_stand_still_in_sleep_and_wall_timers_do_not(queue, seen, note):
    lib.dispatch_after_f(lib.dispatch_time(NOW, SECOND), queue, 1, note)
    lib.dispatch_after_f(lib.dispatch_walltime(None, SECOND), queue, 2, note)
    _platform.sleep(24_000_000)
    _platform.pump()
    assert seen == [2]
    _platform.advance(24_000_000)
    _platform.pump()
    assert seen == [2, 1]


def test_after_on_the_real_clock(queue, seen, note):
    _platform.set_clock(False)
    _platform.set_queue_threaded(True)
    done = threading.Event()
    finish = WORK(lambda context: done.set())
    lib.dispatch_after_f(lib.dispatch_time(NOW, 10_000_000), queue, 1, note)
    lib.dispatch_after_f(lib.dispatch_time(NOW, 20_000_000), queue, None, finish)
    assert done.wait(10) and seen == [1]


def test_a_new_clock_forgets_timers(queue, seen, note):
    lib.dispatch_after_f(lib.dispatch_time(NOW, SECOND), queue, 1, note)
    _platform.set_clock(True)
    assert _platform.next_timer() is None
    lib.dispatch_after_f(lib.dispatch_time(NOW, SECOND), queue, 1, note)
    _platform.drop_timers()
    _platform.advance(10**10)
    _platform.pump()
    assert seen == []


@pytest.fixture
def timer(queue, note):
    """A timer source on the queue, active, without a time."""
    source = lib.dispatch_source_create(variable("_dispatch_source_type_timer"), 0, 0, queue)
    lib.dispatch_source_set_event_handler_f(source, note)
    lib.dispatch_set_context(source, 9)
    yield source
    lib.dispatch_release(source)
    _platform.pump()


def test_a_timer_repeats_at_whole_intervals(timer, seen):
    lib.dispatch_source_set_timer(timer, lib.dispatch_time(NOW, SECOND), SECOND // 2, 0)
    lib.dispatch_resume(timer)
    for ticks, events in ((23_999_999, 0), (1, 1), (11_999_999, 1), (1, 2), (36_000_001, 3), (11_999_999, 4)):
        _platform.advance(ticks)
        _platform.pump()
        assert len(seen) == events, "events that were missed are one"
    assert seen == [9] * 4


def test_events_that_wait_for_their_queue_are_one(timer, queue, seen):
    lib.dispatch_source_set_timer(timer, NOW, SECOND, 0)
    lib.dispatch_resume(timer)
    lib.dispatch_suspend(queue)
    for _ in range(3):
        assert _platform.pending() == 1
        _platform.advance(24_000_000)
    lib.dispatch_resume(queue)
    _platform.pump()
    assert seen == [9]


def test_a_timer_that_is_not_resumed_does_nothing(timer, seen):
    lib.dispatch_source_set_timer(timer, NOW, FOREVER, 0)
    _platform.pump()
    assert seen == []
    lib.dispatch_activate(timer)
    lib.dispatch_activate(timer)
    _platform.pump()
    assert seen == [9], "once: the interval is for ever"
    lib.dispatch_suspend(timer)
    lib.dispatch_source_set_timer(timer, NOW, FOREVER, 0)
    _platform.pump()
    assert seen == [9]
    lib.dispatch_resume(timer)
    _platform.pump()
    assert seen == [9, 9]


def test_cancelling_a_timer(timer, seen):
    gone = WORK(lambda context: seen.append("cancelled"))
    lib.dispatch_source_set_cancel_handler_f(timer, gone)
    lib.dispatch_source_set_timer(timer, NOW, SECOND, 0)
    lib.dispatch_resume(timer)
    assert _platform.pending() == 1
    lib.dispatch_source_cancel(timer)
    lib.dispatch_source_cancel(timer)
    assert lib.dispatch_source_testcancel(timer)
    _platform.advance(10**9)
    _platform.pump()
    assert seen == ["cancelled"], "no event after it, not even one that was queued"


def test_releasing_a_timer_ends_it(queue, seen, note):
    source = lib.dispatch_source_create(variable("_dispatch_source_type_timer"), 0, 0, queue)
    lib.dispatch_source_set_event_handler_f(source, note)
    lib.dispatch_source_set_timer(source, NOW, SECOND, 0)
    lib.dispatch_resume(source)
    lib.dispatch_release(source)
    _platform.advance(10**9)
    _platform.pump()
    assert (seen, _platform.next_timer()) == ([], None)


def test_other_sources_are_not_made(queue):
    assert lib.dispatch_source_create(None, 0, 0, queue) is None


# --- semaphores --------------------------------------------------------------------------


def test_a_semaphore_counts():
    semaphore = lib.dispatch_semaphore_create(1)
    assert lib.dispatch_semaphore_wait(semaphore, NOW) == 0
    assert lib.dispatch_semaphore_wait(semaphore, NOW) == TIMED_OUT
    assert lib.dispatch_semaphore_wait(semaphore, lib.dispatch_time(NOW, 1_000_000)) == TIMED_OUT
    lib.dispatch_semaphore_signal(semaphore)
    assert lib.dispatch_semaphore_wait(semaphore, FOREVER) == 0
    lib.dispatch_semaphore_signal(semaphore)
    lib.dispatch_release(semaphore)
    assert lib.dispatch_semaphore_create(-1) is None


def test_who_waits_does_what_is_queued_when_nobody_else_would(queue):
    semaphore = lib.dispatch_semaphore_create(0)
    lib.dispatch_async_f(queue, None, wake := WORK(lambda context: lib.dispatch_semaphore_signal(semaphore)))
    assert lib.dispatch_semaphore_wait(semaphore, FOREVER) == 0
    lib.dispatch_release(semaphore)
    assert wake


def test_a_semaphore_in_use_may_not_end():
    semaphore = lib.dispatch_semaphore_create(2)
    lib.dispatch_semaphore_wait(semaphore, NOW)
    lib.dispatch_release(semaphore)
    assert told() == ["dispatch_release of a dispatch semaphore that is in use: it began with 2 and has 1"]


def mach(value=0):
    semaphore = ctypes.c_uint32()
    assert lib.semaphore_create(TASK, ctypes.byref(semaphore), 0, value) == 0
    return semaphore.value


def test_mach_semaphores():
    semaphore = mach(1)
    assert lib.semaphore_wait(semaphore) == 0
    assert lib.semaphore_timedwait(semaphore, MachTime(0, 1_000_000)) == TIMED_OUT
    assert lib.semaphore_signal(semaphore) == 0
    assert lib.semaphore_timedwait(semaphore, MachTime(10, 0)) == 0
    assert lib.semaphore_destroy(TASK, semaphore) == 0
    assert [lib.semaphore_signal(semaphore), lib.semaphore_wait(semaphore)] == [INVALID] * 2
    assert lib.semaphore_destroy(TASK, 5) == INVALID
    assert lib.semaphore_create(TASK + 1, ctypes.byref(ctypes.c_uint32()), 0, 0) == INVALID


@pytest.mark.parametrize("end", ["signal_all", "destroy"])
def test_all_who_wait_for_a_mach_semaphore_are_woken(end):
    _platform.set_clock(False)
    semaphore, answers, ready = mach(), [], threading.Barrier(4)

    def wait():
        ready.wait(10)
        answers.append(lib.semaphore_wait(semaphore))

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    ready.wait(10)
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.005)
        lib.semaphore_signal_all(semaphore) if end == "signal_all" else lib.semaphore_destroy(TASK, semaphore)
    if end == "signal_all":
        assert answers == [0, 0, 0]
        assert lib.semaphore_timedwait(semaphore, MachTime(0, 0)) == TIMED_OUT, "it wakes nobody later"
        lib.semaphore_destroy(TASK, semaphore)
    else:
        assert set(answers) <= {TERMINATED, INVALID} and len(answers) == 3
