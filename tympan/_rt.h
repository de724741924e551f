/* Atomics, a 128-bit division and a mutex for the core, as functions that
 * Cython can call. GCC's and clang's __atomic builtins work in C and in C++,
 * which <stdatomic.h> does not. Everything is wait-free but the mutex, the memory,
 * and the counts of references and starts, which are lock-free. */
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

/* Without an order: one value that nothing else goes with. */
static inline double ty_load_relaxed_f64(const double *p) {
    double v;
    __atomic_load(p, &v, __ATOMIC_RELAXED);
    return v;
}
static inline void ty_store_relaxed_f64(double *p, double v) { __atomic_store(p, &v, __ATOMIC_RELAXED); }

/* In one order for all threads. */
static inline uint32_t ty_load_ordered_u32(const uint32_t *p) {
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}
static inline void ty_store_ordered_u32(uint32_t *p, uint32_t v) {
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);
}
static inline uint32_t ty_add_ordered_u32(uint32_t *p, uint32_t v) {
    return __atomic_add_fetch(p, v, __ATOMIC_SEQ_CST);
}

static inline void *ty_load_ordered_pointer(void *const *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
static inline void ty_store_ordered_pointer(void **p, void *v) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }
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
static inline int ty_compare_exchange_u64(uint64_t *p, uint64_t expected, uint64_t desired) {
    return __atomic_compare_exchange_n(p, &expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Relaxed; *expected becomes what was there. */
static inline int ty_compare_exchange_relaxed_u64(uint64_t *p, uint64_t *expected, uint64_t desired) {
    return __atomic_compare_exchange_n(p, expected, desired, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
static inline uint64_t ty_add_relaxed_u64(uint64_t *p, uint64_t v) {
    return __atomic_add_fetch(p, v, __ATOMIC_RELAXED);
}

/* A count of references or of starts, between 0 and UINT32_MAX; any control
 * thread. Lock-free: a turn is repeated only when another thread has counted
 * meanwhile. What was done before counting down is seen by who counts after. */

/* One more: the new count, or 0 when it is full. */
static inline uint32_t ty_count_up(uint32_t *count) {
    uint32_t was = ty_load_u32(count);
    while (was != UINT32_MAX && !ty_compare_exchange_u32(count, was, was + 1)) was = ty_load_u32(count);
    return was + 1;
}

/* One less: what it was before; 0 when there was nothing to take away. */
static inline uint32_t ty_count_down(uint32_t *count) {
    uint32_t was = ty_load_u32(count);
    while (was != 0 && !ty_compare_exchange_u32(count, was, was - 1)) was = ty_load_u32(count);
    return was;
}

/* ThreadSanitizer does not model fences; under it, an atomic operation on the
 * record's own counter stands for each (see the callers). */
static inline void ty_fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
static inline void ty_fence_release(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }

/* Copies where another thread may be writing the source, or reading the target,
 * meanwhile: a ring's frames. Each byte that arrives is one that stood there at
 * some time; whether they belong together, the reader finds out afterwards. That
 * is a byte-wise atomic copy, for which C has no name (C++: P1478).
 *
 * memcpy between two compiler barriers is one. The C library's machine code moves
 * the bytes, and the compiler, to which the barriers say that all memory changes,
 * can neither read the source again nor take the target for the source. Relaxed
 * atomic words say the same in C11's own terms and take 2 to 5 times as long:
 * docs/decisions/0008-deep-mode.md. ThreadSanitizer gets those words, because it
 * must be told what is meant; with TY_PLAIN_COPIES it does not, for a test in which
 * no reader ever meets the writer and every access must be ordered. */
#if defined(__SANITIZE_THREAD__)
#define TY_THREAD_SANITIZER 1
#elif defined(__has_feature)
#define TY_THREAD_SANITIZER __has_feature(thread_sanitizer)
#else
#define TY_THREAD_SANITIZER 0
#endif
#if TY_THREAD_SANITIZER && !defined(TY_PLAIN_COPIES)
#define TY_ATOMIC_WORDS(type, value)                                                 \
    for (size_t i = 0; i < bytes / sizeof(type); i++)                                \
        __atomic_store_n((type *)to + i, value, __ATOMIC_RELAXED)
#define TY_ATOMIC_COPY(type)                                                         \
    TY_ATOMIC_WORDS(type, __atomic_load_n((const type *)from + i, __ATOMIC_RELAXED))
typedef uint64_t __attribute__((may_alias)) ty_word;
typedef uint32_t __attribute__((may_alias)) ty_half;

static inline void ty_copy_shared(void *to, const void *from, size_t bytes) {
    size_t bits = (uintptr_t)to | (uintptr_t)from | bytes;
    if (bits % 8 == 0) TY_ATOMIC_COPY(ty_word);
    else if (bits % 4 == 0) TY_ATOMIC_COPY(ty_half);
    else TY_ATOMIC_COPY(unsigned char);
}
static inline void ty_clear_shared(void *to, size_t bytes) { TY_ATOMIC_WORDS(unsigned char, 0); }
/* Whether others than ty_copy_shared may store into the ring: a driver, above all. Its
 * stores cannot be made atomic, so here they go to scratch memory first. */
#define TY_PLAIN_STORES 0
#else
#define TY_BARRIER() __asm__ volatile("" : : : "memory")
static inline void ty_copy_shared(void *to, const void *from, size_t bytes) {
    TY_BARRIER();
    memcpy(to, from, bytes);
    TY_BARRIER();
}
static inline void ty_clear_shared(void *to, size_t bytes) {
    TY_BARRIER();
    memset(to, 0, bytes);
    TY_BARRIER();
}
#define TY_PLAIN_STORES 1
#endif

/* One sample of such memory. */
static inline float ty_load_shared_f32(const float *p) {
    float v;
    __atomic_load(p, &v, __ATOMIC_RELAXED);
    return v;
}

/* Frames; beyond 2^53 a Float64 cannot count single ones, and no sum of times comes near 2^63. */
#define TY_LAST_TIME 9007199254740992.0

/* floor(a * b / c), and floor((a * b - 1) / c); b and c are at most 2^63. */
static inline uint64_t ty_mul_div(uint64_t a, uint64_t b, uint64_t c) {
    return (uint64_t)((unsigned __int128)a * b / c);
}
static inline uint64_t ty_mul_less1_div(uint64_t a, uint64_t b, uint64_t c) {
    return (uint64_t)(((unsigned __int128)a * b - 1) / c);
}

/* floor(a * b / 2^64) */
static inline uint64_t ty_mul_high(uint64_t a, uint64_t b) {
    return (uint64_t)((unsigned __int128)a * b >> 64);
}

/* Bytes between what two threads write, so that no line of the cache has both:
 * Apple's processors have lines of 128 bytes, Intel's fetch pairs of 64. As a
 * gap it does its work wherever the struct begins. */
#define TY_LINE 128

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
