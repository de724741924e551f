/* What the stress programs share: threads that begin together, a cheap random
 * number, and a complaint that ends the program. */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "_rt.h"

static uint64_t stress_count;
static uint32_t stress_threads, stress_waiting, stress_round;

/* Until all threads are here. macOS has no pthread_barrier. */
static inline void stress_together(void) {
    uint32_t now = ty_load_acquire_u32(&stress_round);
    if (ty_add_u32(&stress_waiting, 1) == stress_threads) {
        ty_store_u32(&stress_waiting, 0);
        ty_store_release_u32(&stress_round, now + 1);
    }
    while (ty_load_acquire_u32(&stress_round) == now) sched_yield();
}

static inline void fail(const char *form, ...) {
    va_list arguments;
    va_start(arguments, form);
    fputs("FAILED: ", stdout);
    vprintf(form, arguments);
    puts("");
    fflush(stdout);
    _Exit(1);
}

static inline uint64_t stress_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* Content that nothing but the number it stands for explains. */
static inline uint64_t stress_mark(uint64_t number) { return (number + 1) * UINT64_C(0x9E3779B97F4A7C15); }

static inline void stress_run(int count, void *(**bodies)(void *)) {
    pthread_t threads[8];
    stress_threads = (uint32_t)count;
    for (intptr_t i = 0; i < count; i++) pthread_create(&threads[i], NULL, bodies[i], (void *)i);
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}
