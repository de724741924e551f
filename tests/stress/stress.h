/* What the stress programs share: threads that begin together, a cheap random
 * number, and a complaint that ends the program. */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "_rt.h"

static pthread_barrier_t stress_together;
static uint64_t stress_count;

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
    pthread_barrier_init(&stress_together, NULL, (unsigned)count);
    for (intptr_t i = 0; i < count; i++) pthread_create(&threads[i], NULL, bodies[i], (void *)i);
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}
