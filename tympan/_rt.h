/* Atomics, a 128-bit division and a mutex for the core, as functions that
 * Cython can call. GCC's and clang's __atomic builtins work in C and in C++,
 * which <stdatomic.h> does not. Everything but the mutex is wait-free. */
#ifndef TYMPAN_RT_H
#define TYMPAN_RT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TY_LOAD(name, type)                                                          \
    static inline type ty_load_##name(const type *p) {                               \
        return __atomic_load_n(p, __ATOMIC_RELAXED);                                 \
    }                                                                                \
    static inline type ty_load_acquire_##name(const type *p) {                       \
        return __atomic_load_n(p, __ATOMIC_ACQUIRE);                                 \
    }                                                                                \
    static inline void ty_store_##name(type *p, type v) {                            \
        __atomic_store_n(p, v, __ATOMIC_RELAXED);                                    \
    }                                                                                \
    static inline void ty_store_release_##name(type *p, type v) {                    \
        __atomic_store_n(p, v, __ATOMIC_RELEASE);                                    \
    }

TY_LOAD(u32, uint32_t)
TY_LOAD(u64, uint64_t)
TY_LOAD(i64, int64_t)
#undef TY_LOAD

static inline double ty_load_f64(const double *p) {
    double v;
    __atomic_load(p, &v, __ATOMIC_ACQUIRE);
    return v;
}
static inline void ty_store_f64(double *p, double v) { __atomic_store(p, &v, __ATOMIC_RELEASE); }

static inline void *ty_load_pointer(void *const *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void ty_store_pointer(void **p, void *v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }

static inline uint32_t ty_add_u32(uint32_t *p, uint32_t v) {
    return __atomic_add_fetch(p, v, __ATOMIC_ACQ_REL);
}
static inline uint32_t ty_fetch_or_u32(uint32_t *p, uint32_t v) {
    return __atomic_fetch_or(p, v, __ATOMIC_ACQUIRE);
}
static inline uint32_t ty_fetch_and_u32(uint32_t *p, uint32_t v) {
    return __atomic_fetch_and(p, v, __ATOMIC_RELEASE);
}
static inline int ty_compare_exchange_u32(uint32_t *p, uint32_t expected, uint32_t desired) {
    return __atomic_compare_exchange_n(p, &expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* ThreadSanitizer does not model fences; under it, an atomic operation on the
 * record's own counter stands for each (see the callers). */
static inline void ty_fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
static inline void ty_fence_release(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }

/* Frames; beyond 2^53 a Float64 cannot count single ones, and no sum of times comes near 2^63. */
#define TY_LAST_TIME 9007199254740992.0

/* floor(a * b / c), and floor((a * b - 1) / c); b and c are at most 2^63. */
static inline uint64_t ty_mul_div(uint64_t a, uint64_t b, uint64_t c) {
    return (uint64_t)((unsigned __int128)a * b / c);
}
static inline uint64_t ty_mul_less1_div(uint64_t a, uint64_t b, uint64_t c) {
    return (uint64_t)(((unsigned __int128)a * b - 1) / c);
}

/* Memory for audio: 64-byte aligned, because a large copy at malloc's +16
 * offset is 1.5 to 3 times slower; written once, so that the first IO cycle
 * meets no page fault. Control threads only. */
static inline void *ty_audio_alloc(size_t bytes) {
    void *memory = NULL;
    if (posix_memalign(&memory, 64, bytes ? (bytes + 63) / 64 * 64 : 64) != 0) return NULL;
    memset(memory, 0, bytes);
    return memory;
}

typedef pthread_mutex_t ty_mutex; /* control threads only */
static inline void ty_mutex_init(ty_mutex *m) { pthread_mutex_init(m, NULL); }
static inline void ty_mutex_destroy(ty_mutex *m) { pthread_mutex_destroy(m); }
static inline void ty_mutex_lock(ty_mutex *m) { pthread_mutex_lock(m); }
static inline void ty_mutex_unlock(ty_mutex *m) { pthread_mutex_unlock(m); }

#endif
