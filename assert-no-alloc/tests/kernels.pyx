# cython: language_level=3, boundscheck=False, wraparound=False
"""Guarded sections written in Cython: what a driver or a host would do."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_RawFree, PyMem_RawMalloc, PyObject_Free, PyObject_Malloc
from libc.stdint cimport uint32_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.stdio cimport printf
from posix.unistd cimport usleep

from assert_no_alloc cimport (
    GUARD_ABORT,
    GUARD_REPORT,
    ana_api,
    guard_active,
    guard_api,
    guard_enter,
    guard_leave,
    guard_prepare,
    guard_refresh,
    guard_set_policy,
    guard_total,
    guard_violations,
    permit_enter,
    permit_leave,
)


cdef extern from *:
    """
    #include "assert_no_alloc.h"
    /* As C code with Python does it: the table by the capsule. */
    static int count_with_capsule(void) {
        const ana_api *api = ana_import();
        uint32_t before;
        void *volatile p;
        if (api == NULL) return -1;
        before = ana_violations(api);
        ana_enter(api);
        p = malloc(10);
        free(p);
        ana_leave(api);
        return (int)(ana_violations(api) - before);
    }
    /* The optimiser knows malloc and would leave a pair of them out. */
    static void *volatile kept;
    static void keep_frame(void) { __asm__ volatile("" ::: "memory"); }
    static __attribute__((noinline)) void no_inline_malloc(void) { kept = malloc(10); keep_frame(); }
    static const ana_api *nested_api;
    static __attribute__((noinline)) void nested_guard(void) {
        ana_enter(nested_api);
        ana_leave(nested_api);
        keep_frame();
    }
    """
    int count_with_capsule() except -1
    void* kept
    const ana_api* nested_api
    void keep_frame() noexcept nogil
    void nested_guard() noexcept nogil
    void no_inline_malloc() noexcept nogil


cdef void do_malloc() noexcept nogil:
    global kept
    kept = malloc(10)
    free(kept)


cdef void do_calloc() noexcept nogil:
    global kept
    kept = calloc(3, 4)
    free(kept)


cdef void do_realloc() noexcept nogil:
    global kept
    kept = realloc(NULL, 100)
    free(kept)


cdef void do_printf() noexcept nogil:
    printf("%s\n", b"hello")


cdef void do_usleep() noexcept nogil:
    usleep(1)


cdef void do_with_gil() noexcept nogil:
    with gil:
        [1] * 100000


cdef void do_with_gil_then_malloc() noexcept nogil:
    do_with_gil()
    do_malloc()


cdef void do_permitted_gil_then_malloc() noexcept nogil:
    permit_enter()
    with gil:
        with nogil:
            do_malloc()
    permit_leave()
    do_calloc()


# A host's engine: called by something, guards something.
cdef void do_host() noexcept nogil:
    guard_enter()
    nested_guard()
    no_inline_malloc()
    guard_leave()
    keep_frame()


cdef inline void helper() noexcept nogil:
    do_malloc()


cdef void do_nothing() noexcept nogil:
    pass


cdef void do_free_null() noexcept nogil:
    free(NULL)


cdef void do_hidden() noexcept nogil:
    helper()


cdef class Gain:
    cdef float gain

    cdef void process_io(self, int cycle) noexcept nogil:
        self.gain *= 0.5
        if cycle == 999:
            do_malloc()


nested_api = guard_api

ctypedef void (*kernel)() noexcept nogil

cdef kernel pick(name) except *:
    if name == "malloc":
        return do_malloc
    if name == "calloc":
        return do_calloc
    if name == "realloc":
        return do_realloc
    if name == "printf":
        return do_printf
    if name == "usleep":
        return do_usleep
    if name == "gil":
        return do_with_gil
    if name == "gil, malloc":
        return do_with_gil_then_malloc
    if name == "permitted gil, calloc":
        return do_permitted_gil_then_malloc
    if name == "host":
        return do_host
    if name == "hidden":
        return do_hidden
    if name == "free NULL":
        return do_free_null
    return do_nothing


def run_nogil(name, int times=1):
    """A nogil section without a guard of its own."""
    cdef kernel k = pick(name)
    cdef int _i
    with nogil:
        for _i in range(times):
            k()


def run_holding_gil(name):
    """A nogil function called with the GIL held, without a guard of its own."""
    cdef kernel k = pick(name)
    k()


def run_guarded(name, int times=1):
    """The guard entered from nogil code; answers the violations counted meanwhile."""
    cdef kernel k = pick(name)
    cdef uint32_t before
    cdef int _i
    with nogil:
        guard_prepare()
        before = guard_violations()
        for _i in range(times):
            guard_enter()
            k()
            guard_leave()
    return guard_violations() - before


def run_guarded_holding_gil(name):
    """The same, entered with the GIL held and giving it up inside."""
    cdef kernel k = pick(name)
    cdef uint32_t before = guard_violations()
    guard_enter()
    with nogil:
        k()
    k()
    guard_leave()
    return guard_violations() - before


def run_nested(name):
    """Two guards; the kernel runs after the inner one, still inside the outer."""
    cdef kernel k = pick(name)
    cdef uint32_t before = guard_violations()
    with nogil:
        guard_enter()
        guard_enter()
        guard_leave()
        k()
        guard_leave()
        k()
    return guard_violations() - before


def run_permitted(name):
    """Twice permitted, the second time by a permit around a guard; never permitted after."""
    cdef kernel k = pick(name)
    cdef uint32_t before = guard_violations()
    with nogil:
        guard_enter()
        permit_enter()
        k()
        guard_enter()
        k()
        guard_leave()
        permit_leave()
        guard_leave()
        k()
    return guard_violations() - before


def run_after_permit(name):
    """Not permitted any more."""
    cdef kernel k = pick(name)
    cdef uint32_t before = guard_violations()
    with nogil:
        guard_enter()
        permit_enter()
        permit_leave()
        k()
        guard_leave()
    return guard_violations() - before


def unbalanced_leave():
    """A leave too many does no lasting harm; answers (active inside, active outside)."""
    guard_leave()
    guard_enter()
    inside = guard_active()
    guard_leave()
    return bool(inside), bool(guard_active())


def cycles(int count):
    """A driver whose IO method goes wrong in its thousandth cycle only."""
    cdef Gain gain = Gain()
    cdef int i
    gain.gain = 1
    with nogil:
        for i in range(count):
            guard_enter()
            gain.process_io(i)
            guard_leave()


def call_guarded(uintptr_t function):
    """Run a C function of no arguments guarded; answers the violations."""
    cdef uint32_t before = guard_violations()
    with nogil:
        guard_enter()
        (<void (*)() noexcept nogil>function)()
        guard_leave()
    return guard_violations() - before


def allocate_with_python(name):
    """By one of Python's own allocators, without a guard of its own."""
    if name == "PyMem_RawMalloc":
        PyMem_RawFree(PyMem_RawMalloc(10))
    elif name == "PyMem_Malloc":
        PyMem_Free(PyMem_Malloc(10))
    else:
        PyObject_Free(PyObject_Malloc(10))


def leave_inside_gil():
    """A section that ends while it holds the GIL that it should not have taken."""
    with nogil:
        guard_enter()
        with gil:
            guard_leave()


def by_capsule():
    return count_with_capsule()


def refresh():
    return guard_refresh()


def total():
    return guard_total()


def policy(name):
    guard_set_policy(GUARD_ABORT if name == "abort" else GUARD_REPORT)
