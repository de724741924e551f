/* Histograms of how long a driver's realtime calls take, and how late an IO thread wakes; included by host_types.h.
 *
 * Log-linear: 16 buckets per power of two, so a value is known to 6 %. No allocation, one thread. */

#ifndef TYMPAN_HOST_LATENCY_H
#define TYMPAN_HOST_LATENCY_H

#include <stdint.h>
#include <string.h>
#include <time.h>

enum host_measure { MEASURE_STAMP, MEASURE_BEGIN, MEASURE_DO, MEASURE_END, MEASURE_WAKE, MEASURE_CYCLE, MEASURES };

#define LATENCY_BUCKETS (16 * 41) /* up to 2^44 ns: hours */

typedef struct host_latency {
    uint64_t buckets[MEASURES][LATENCY_BUCKETS];
    uint64_t most[MEASURES]; /* ns */
} host_latency;

static inline uint64_t latency_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline unsigned latency_bucket(uint64_t ns)
{
    if (ns < 16)
        return (unsigned)ns;
    unsigned power = 63u - (unsigned)__builtin_clzll(ns);
    unsigned bucket = 16 * (power - 3) + (unsigned)(ns >> (power - 4) & 15);
    return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

static inline void latency_add(host_latency *l, int what, uint64_t ns)
{
    l->buckets[what][latency_bucket(ns)]++;
    if (ns > l->most[what])
        l->most[what] = ns;
}

#endif
