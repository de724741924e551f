# cython: language_level=3, boundscheck=False, wraparound=False
"""The loops that bench_guard.py times. Each answers nanoseconds for ``count`` rounds."""

from libc.stdint cimport uint64_t

from assert_no_alloc cimport ana_api, guard_api, guard_enter, guard_leave, guard_prepare, permit_enter, permit_leave


cdef extern from *:
    """
    #include <stdlib.h>
    #include <time.h>
    #include <unistd.h>
    #include <sys/syscall.h>
    #include "assert_no_alloc.h"
    static unsigned long long bench_now(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000000000ull + t.tv_nsec;
    }
    static inline void bench_barrier(void) { __asm__ volatile("" ::: "memory"); }
    static void *volatile bench_kept;
    static inline void bench_malloc_free(void) { bench_kept = malloc(64); free(bench_kept); }
    static inline void bench_getppid(void) { syscall(SYS_getppid); }
    /* The same from C, without the constant's two loads. */
    static void bench_c(const ana_api *api, unsigned long long count) {
        for (unsigned long long i = 0; i < count; i++) {
            ana_enter(api);
            bench_barrier();
            ana_leave(api);
        }
    }
    """
    uint64_t bench_now() noexcept nogil
    void bench_barrier() noexcept nogil
    void bench_malloc_free() noexcept nogil
    void bench_getppid() noexcept nogil
    void bench_c(const ana_api* api, uint64_t count) noexcept nogil


def empty(uint64_t count):
    cdef uint64_t _i, start
    with nogil:
        start = bench_now()
        for _i in range(count):
            bench_barrier()
    return bench_now() - start


def enter_leave(uint64_t count):
    cdef uint64_t _i, start
    with nogil:
        guard_prepare()
        start = bench_now()
        for _i in range(count):
            guard_enter()
            bench_barrier()
            guard_leave()
    return bench_now() - start


def enter_leave_c(uint64_t count):
    cdef uint64_t start
    with nogil:
        guard_prepare()
        start = bench_now()
        bench_c(guard_api, count)
    return bench_now() - start


def permit_pair(uint64_t count):
    cdef uint64_t _i, start
    with nogil:
        start = bench_now()
        for _i in range(count):
            permit_enter()
            bench_barrier()
            permit_leave()
    return bench_now() - start


def malloc_free(uint64_t count):
    cdef uint64_t _i, start
    with nogil:
        start = bench_now()
        for _i in range(count):
            bench_barrier()
            bench_malloc_free()
    return bench_now() - start


def malloc_free_guarded(uint64_t count):
    cdef uint64_t _i, start
    with nogil:
        start = bench_now()
        guard_enter()
        for _i in range(count):
            bench_barrier()
            bench_malloc_free()
        guard_leave()
    return bench_now() - start


def system_call(uint64_t count):
    cdef uint64_t _i, start
    with nogil:
        start = bench_now()
        for _i in range(count):
            bench_barrier()
            bench_getppid()
    return bench_now() - start


def system_call_guarded(uint64_t count):
    cdef uint64_t _i, start
    with nogil:
        start = bench_now()
        guard_enter()
        for _i in range(count):
            bench_barrier()
            bench_getppid()
        guard_leave()
    return bench_now() - start
