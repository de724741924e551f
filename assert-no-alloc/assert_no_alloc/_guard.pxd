# The guard for nogil Cython. All functions act on the calling thread, nest, and
# may be called on any thread; those tagged [rt] are a few memory accesses.
# Compile with include_dirs=[assert_no_alloc.get_include()].

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "assert_no_alloc.h" nogil:
    ctypedef struct ana_api:
        pass

    void ana_enter(const ana_api* api) noexcept
    void ana_leave(const ana_api* api) noexcept
    void ana_permit_enter(const ana_api* api) noexcept
    void ana_permit_leave(const ana_api* api) noexcept
    bint ana_guarded(const ana_api* api) noexcept
    uint32_t ana_violations(const ana_api* api) noexcept


# The table behind the functions below, and what C code of yours can be given:
# `ana_enter(guard_api)` and so on with assert_no_alloc.h. Never freed.
cdef const ana_api* guard_api


# From here this thread may not allocate, lock, wait, do IO, start threads, make
# system calls or enter the GIL. [rt] but for a thread's first: see guard_prepare.
cdef inline void guard_enter() noexcept nogil:
    ana_enter(guard_api)


# The end of the section begun by this thread's last guard_enter. [rt]
cdef inline void guard_leave() noexcept nogil:
    ana_leave(guard_api)


# From here to permit_leave everything is allowed, however many guards are open. [rt]
cdef inline void permit_enter() noexcept nogil:
    ana_permit_enter(guard_api)


cdef inline void permit_leave() noexcept nogil:
    ana_permit_leave(guard_api)


# Would a trap fire now? [rt]
cdef inline bint guard_active() noexcept nogil:
    return ana_guarded(guard_api)


# Violations of this thread so far; compare before and after. Wraps at 2^32. [rt]
cdef inline uint32_t guard_violations() noexcept nogil:
    return ana_violations(guard_api)


# Before a thread's first guard_enter (which would do it itself) and after every
# dlopen (which nothing else notices): traps what was loaded since. A microsecond
# when there is nothing to do, the process's first one milliseconds. Not realtime.
cdef void guard_prepare() noexcept nogil

# The second half of guard_prepare alone; answers how many calls are newly trapped.
cdef int guard_refresh() noexcept nogil

# Violations of all threads so far.
cdef uint64_t guard_total() noexcept nogil

# GUARD_REPORT (the default) or GUARD_ABORT, for the process.
cdef enum:
    GUARD_REPORT = 1
    GUARD_ABORT = 2
cdef void guard_set_policy(int policy) noexcept nogil
