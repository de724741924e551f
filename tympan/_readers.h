/* Who is inside an entry of the table: so that what an entry may be reading is
 * freed only when nobody can be reading it any more.
 *
 * Readers, any number, are wait-free: they count themselves in (A), read the
 * pointer that everything hangs on (B), and count themselves out. A writer
 * replaces the pointer (C), and frees what it pointed at when every counter has
 * been 0 after C (D). All four are in one order, so a reader whose B came
 * before C had its A before D, and D sees it. Each counter has two sides because
 * new readers, who do no harm, would otherwise keep one from ever being 0: D
 * sends them to the other side. And there are several counters, a cache line
 * apart, so that the threads of different devices do not meet at one.
 *
 * All zero is nobody. */
#ifndef TYMPAN_READERS_H
#define TYMPAN_READERS_H

#include <time.h>

#include "_rt.h"

enum { TY_COUNTERS = 8 };

typedef struct {
    uint32_t inside[2]; /* atomic */
    char gap[TY_LINE - 2 * sizeof(uint32_t)];
} ty_counter;

typedef struct {
    char gap0[TY_LINE];
    uint32_t side; /* atomic; where readers arrive. Writers write. */
    char gap1[TY_LINE];
    ty_counter counters[TY_COUNTERS];
} ty_readers;

/* Any thread, wait-free: until ty_leave with the answer (or NULL: nothing). `which` spreads the readers. */
static inline uint32_t *ty_enter(ty_readers *r, uint32_t which) {
    uint32_t *inside = &r->counters[which % TY_COUNTERS].inside[ty_load_u32(&r->side) & 1];
    ty_add_ordered_u32(inside, 1);
    return inside;
}
static inline void ty_leave(uint32_t *inside) {
    if (inside) ty_add_u32(inside, (uint32_t)-1);
}

/* Writers, one at a time: look once more. `seen` starts at 0; true when nobody is left who came
 * before that. Never waits. */
static inline int ty_nobody_left(ty_readers *r, uint32_t *seen) {
    for (uint32_t turn = 0; turn < 2; turn++) {
        uint32_t other = 1 - (ty_load_u32(&r->side) & 1), count = 0;
        for (uint32_t i = 0; i < TY_COUNTERS; i++) count |= ty_load_ordered_u32(&r->counters[i].inside[other]);
        if (count) break; /* new ones go on arriving at the side that is not looked at */
        *seen |= 1u << other;
        ty_store_ordered_u32(&r->side, other);
    }
    return *seen == 3;
}

/* Until nobody is left who is inside now; false after `patience` naps of 50 microseconds. A
 * reader could not wake the writer: waking is a system call. */
static inline int ty_wait_for_readers(ty_readers *r, uint64_t patience) {
    const struct timespec nap = {0, 50000};
    uint32_t seen = 0;
    while (!ty_nobody_left(r, &seen)) {
        if (patience-- == 0) return 0;
        nanosleep(&nap, NULL);
    }
    return 1;
}

#endif
