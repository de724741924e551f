# cython: language_level=3
"""The platform library: Apple's names off macOS, and the host's hold on them.

Importing this module (``tympan.testing`` does, with ``RTLD_GLOBAL``) gives
bundles and extension modules CoreFoundation, mach time, dispatch queues and a
log. The functions here are the host's side: set the clock, run the queues, read
the ledger of live objects and the log; ``_values`` turns CoreFoundation objects
into Python's. All may be called from any thread.
"""

from collections import namedtuple

from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t

from tympan.coreaudio cimport mach_absolute_time, mach_continuous_time, mach_timebase_info, mach_timebase_info_data_t


cdef extern from "platform_impl.h" nogil:
    ctypedef struct tympan_ledger:
        uint64_t created, destroyed, retains, releases, live, problems, kept

    ctypedef struct tympan_row:
        uint64_t serial
        int64_t count, held
        int kind
        unsigned thread
        const char* call
        const void* site
        char text[160]

    ctypedef struct tympan_trouble:
        int kind
        unsigned thread
        char text[240]
        char call[48]
        char caller[96]

    enum:
        TYMPAN_PROBLEM_KINDS

    void tympan_clock_configure(int is_virtual, uint32_t numer, uint32_t denom)
    int tympan_clock_is_virtual()
    void tympan_clock_set(uint64_t ticks)
    void tympan_clock_reach(uint64_t ticks)
    void tympan_clock_sleep(uint64_t ticks)
    tympan_ledger tympan_ledger_read()
    uint64_t tympan_ledger_serial()
    size_t tympan_ledger_live(uint64_t after, tympan_row* rows, size_t room)
    void tympan_ledger_caller(const void* site, char* text, size_t size)
    int tympan_ledger_trouble(size_t index, tympan_trouble* trouble)
    void tympan_ledger_clear_problems()
    void tympan_ledger_report(int kind, const char* call, const char* sentence)
    const char* tympan_problem_name(int kind)
    int tympan_kind_of(const void* address)
    const char* tympan_kind_name(int kind)
    int tympan_is_mutable(const void* address)
    void tympan_string_hide_pointers(int hide)
    void tympan_queue_set_threaded(int threaded)
    int64_t tympan_queue_pump(int64_t milliseconds)
    uint64_t tympan_queue_pending()
    void tympan_queue_drop_timers()
    void tympan_queue_drop_work()
    uint64_t tympan_queue_next_timer()
    void tympan_log_echo(int to_stderr)
    uint64_t tympan_log_count()
    int tympan_log_line(uint64_t index, char* text, size_t size)


#: An object that lives: its place in the order of making, what it is, its retain count and how much of that is
#: by other objects, and who made it: function, caller, number of the thread.
LiveObject = namedtuple("LiveObject", "serial kind count held text call caller thread")
#: Something a driver must not do: one of PROBLEM_KINDS, a sentence, the function called, from where, on which thread.
Problem = namedtuple("Problem", "kind sentence call caller thread")
PROBLEM_KINDS = tuple(tympan_problem_name(kind).decode() for kind in range(TYMPAN_PROBLEM_KINDS))


# --- clock ---------------------------------------------------------------------


def set_clock(bint virtual, uint32_t numer=1, uint32_t denom=1):
    """Choose the virtual or the real clock, and the timebase: ns = ticks * numer / denom. Drops timers."""
    if not numer or not denom:
        raise ValueError("a timebase has two positive numbers")
    tympan_clock_configure(virtual, numer, denom)


def clock_is_virtual():
    """True while mach_absolute_time answers what the host set."""
    return bool(tympan_clock_is_virtual())


def timebase():
    """(numer, denom) as mach_timebase_info answers."""
    cdef mach_timebase_info_data_t info
    mach_timebase_info(&info)
    return info.numer, info.denom


def now():
    """mach_absolute_time(), in ticks."""
    return mach_absolute_time()


def continuous_now():
    """mach_continuous_time(), in ticks: ahead of now() by what the machine has slept."""
    return mach_continuous_time()


def set_time(uint64_t ticks):
    """Set the virtual clock, backwards too."""
    tympan_clock_set(ticks)


def advance(uint64_t ticks):
    """Move the virtual clock forward."""
    tympan_clock_reach(mach_absolute_time() + ticks)


def sleep(uint64_t ticks):
    """The machine sleeps: mach_absolute_time stands still, mach_continuous_time goes on by ``ticks``."""
    tympan_clock_sleep(ticks)


# --- ledger --------------------------------------------------------------------


def ledger():
    """Counters since the process began: created, destroyed, retains, releases, live, problems; and ``kept``, the
    bytes that dead objects still take, so that a use of them is recognised."""
    return tympan_ledger_read()


def mark():
    """The serial number of the newest object, for live_objects(since=...)."""
    return tympan_ledger_serial()


def objects(uint64_t since=0):
    """Objects made after ``since`` that still live, oldest first, as LiveObject."""
    cdef tympan_row rows[64]
    cdef char caller[120]
    cdef size_t filled = 64, i
    found = []
    while filled == 64:
        filled = tympan_ledger_live(since, rows, 64)
        for i in range(filled):
            tympan_ledger_caller(rows[i].site, caller, sizeof(caller))
            counts = tympan_kind_name(rows[i].kind).decode(), rows[i].count, rows[i].held
            origin = rows[i].call.decode(), caller.decode("utf-8", "replace"), rows[i].thread
            found.append(LiveObject(rows[i].serial, *counts, rows[i].text.decode("utf-8", "replace"), *origin))
            since = rows[i].serial
    return found


def live_objects(uint64_t since=0):
    """The first of it: (serial, kind, retain count, description) each."""
    return [(found.serial, found.kind, found.count, found.text) for found in objects(since)]


def problem_records():
    """What drivers did wrong, as Problem; the first 256."""
    cdef tympan_trouble trouble
    found = []
    while tympan_ledger_trouble(len(found), &trouble):
        texts = [text.decode("utf-8", "replace") for text in (trouble.text, trouble.call, trouble.caller)]
        found.append(Problem(PROBLEM_KINDS[trouble.kind], *texts, trouble.thread))
    return found


def problems():
    """One sentence per call on something that is no live object (a release too many, say); the first 256."""
    return [problem.sentence for problem in problem_records()]


def report_problem(str kind, str call, str sentence):
    """Write down a problem that the host found: ``kind`` is one of PROBLEM_KINDS, ``call`` a function."""
    tympan_ledger_report(PROBLEM_KINDS.index(kind), call.encode(), sentence.encode())


def clear_problems():
    """Forget the problems found so far."""
    tympan_ledger_clear_problems()


# --- objects -------------------------------------------------------------------


def kind_of(uintptr_t address):
    """'string', 'number', ... of a live object, None for anything else; never follows a wrong pointer off macOS."""
    return tympan_kind_name(tympan_kind_of(<const void*>address)).decode() or None


def is_mutable(uintptr_t address):
    """Whether a live object is a mutable one."""
    return bool(tympan_is_mutable(<const void*>address))


def set_string_pointers(bint given):
    """Whether CFStringGetCStringPtr ever answers for strings that were created; it need not (True, the default)."""
    tympan_string_hide_pointers(not given)


# --- queues --------------------------------------------------------------------


def set_queue_threaded(bint threaded):
    """Run queued work on worker threads as it comes (True), or in pump() (False, the default)."""
    with nogil:
        tympan_queue_set_threaded(threaded)


def pump(double timeout=10.0):
    """Run (or, threaded, wait for) all queued work and what it queues; answers how many pieces.

    Timers that are due count; those of the future wait for the clock. Raises TimeoutError
    when work is left after ``timeout`` seconds.
    """
    cdef int64_t milliseconds = <int64_t>(timeout * 1000.0)
    cdef int64_t done
    with nogil:
        done = tympan_queue_pump(milliseconds)
    if done < 0:
        raise TimeoutError(f"queued work was not done within {timeout:g} s")
    return done


def pending():
    """How many pieces of queued work are not done yet, without timers of the future."""
    return tympan_queue_pending()


def next_timer():
    """When the next timer is due, in ticks of now(); None without one."""
    cdef uint64_t ticks = tympan_queue_next_timer()
    return None if ticks == 0xFFFFFFFFFFFFFFFF else ticks


def drop_timers():
    """Forget timers and delayed work, so that they do not reach a host that comes later; so does set_clock."""
    with nogil:
        tympan_queue_drop_timers()


def drop_work():
    """Forget all work that waits on any queue, and timers: whoever queued it has died."""
    with nogil:
        tympan_queue_drop_work()


# --- log -----------------------------------------------------------------------


def set_log_echo(bint on):
    """Write every line of tympan_os_log to stderr as well."""
    tympan_log_echo(on)


def log_count():
    """How many lines tympan_os_log got since the process began."""
    return tympan_log_count()


def log_lines(uint64_t since=0):
    """The lines from number ``since`` on (the newest 65536 are kept)."""
    cdef char text[8192]
    cdef uint64_t index
    cdef uint64_t end = tympan_log_count()
    found = []
    for index in range(max(since, end - 65536 if end > 65536 else 0), end):
        if tympan_log_line(index, text, sizeof(text)):
            found.append(text.decode("utf-8", "replace"))
    return found
