# cython: language_level=3
"""The platform library: Apple's names off macOS, and the host's hold on them.

Importing this module (``tympan.testing`` does, with ``RTLD_GLOBAL``) gives
bundles and extension modules CoreFoundation strings, UUIDs and URLs, mach time,
dispatch queues and a log. The functions here are the host's side: set the clock,
run the queues, read the ledger of live objects and the log. All may be called
from any thread.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from tympan.coreaudio cimport mach_absolute_time, mach_timebase_info, mach_timebase_info_data_t


cdef extern from "platform_impl.h" nogil:
    ctypedef struct tympan_ledger:
        uint64_t created, destroyed, retains, releases, live, problems

    void tympan_clock_configure(int is_virtual, uint32_t numer, uint32_t denom)
    int tympan_clock_is_virtual()
    void tympan_clock_set(uint64_t ticks)
    void tympan_clock_reach(uint64_t ticks)
    tympan_ledger tympan_ledger_read()
    uint64_t tympan_ledger_serial()
    uint64_t tympan_ledger_next(uint64_t after, int* kind, int64_t* count, char* text, size_t size)
    int tympan_ledger_problem(size_t index, char* text, size_t size)
    void tympan_ledger_clear_problems()
    void tympan_queue_set_threaded(int threaded)
    int64_t tympan_queue_pump(int64_t milliseconds)
    uint64_t tympan_queue_pending()
    void tympan_log_echo(int to_stderr)
    uint64_t tympan_log_count()
    int tympan_log_line(uint64_t index, char* text, size_t size)


_KINDS = ("object", "string", "uuid", "url", "queue")


# --- clock ---------------------------------------------------------------------


def set_clock(bint virtual, uint32_t numer=1, uint32_t denom=1):
    """Choose the virtual or the real clock, and the timebase: ns = ticks * numer / denom."""
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


def set_time(uint64_t ticks):
    """Set the virtual clock, backwards too."""
    tympan_clock_set(ticks)


def advance(uint64_t ticks):
    """Move the virtual clock forward."""
    tympan_clock_reach(mach_absolute_time() + ticks)


# --- ledger --------------------------------------------------------------------


def ledger():
    """Counters since the process began: created, destroyed, retains, releases, live, problems."""
    return tympan_ledger_read()


def mark():
    """The serial number of the newest object, for live_objects(since=...)."""
    return tympan_ledger_serial()


def live_objects(uint64_t since=0):
    """Objects made after ``since`` that still live: (serial, kind, retain count, description) each."""
    cdef int kind
    cdef int64_t count
    cdef char text[160]
    found = []
    while True:
        since = tympan_ledger_next(since, &kind, &count, text, sizeof(text))
        if not since:
            return found
        found.append((since, _KINDS[kind], count, text.decode("utf-8", "replace")))


def problems():
    """One sentence per call on something that is no live object (a release too many, say); the first 256."""
    cdef char text[200]
    found = []
    while tympan_ledger_problem(len(found), text, sizeof(text)):
        found.append(text.decode("utf-8", "replace"))
    return found


def clear_problems():
    """Forget the problems found so far."""
    tympan_ledger_clear_problems()


# --- queues --------------------------------------------------------------------


def set_queue_threaded(bint threaded):
    """Run queued work on a worker thread as it comes (True), or in pump() (False, the default)."""
    with nogil:
        tympan_queue_set_threaded(threaded)


def pump(double timeout=10.0):
    """Run (or, threaded, wait for) all queued work and what it queues; answers how many pieces.

    Raises TimeoutError when work is left after ``timeout`` seconds.
    """
    cdef int64_t milliseconds = <int64_t>(timeout * 1000.0)
    cdef int64_t done
    with nogil:
        done = tympan_queue_pump(milliseconds)
    if done < 0:
        raise TimeoutError(f"queued work was not done within {timeout:g} s")
    return done


def pending():
    """How many pieces of queued work are not done yet."""
    return tympan_queue_pending()


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
