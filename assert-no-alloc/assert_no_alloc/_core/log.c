/* The records, in a fixed array. Writers are guarded threads that have just
 * failed, so a short spin is no loss; the reader holds the GIL. */
#include <sched.h>
#include <string.h>

#include "core.h"

static ana_record records[ANA_RECORDS];
static int used;
static uint64_t dropped;
static volatile int busy;
uint64_t ana_total;

static void lock(void) {
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE)) sched_yield();
}
static void unlock(void) { __atomic_store_n(&busy, 0, __ATOMIC_RELEASE); }

/* The same call from the same place is counted, not repeated: a violation in
 * every cycle leaves room for the one in the thousandth. */
static ana_record *same(const ana_record *r) {
    for (int i = 0; i < used; i++)
        if (records[i].hash == r->hash && records[i].function == r->function) return &records[i];
    return NULL;
}

/* Any thread, its guard lifted. NULL when there was no room. */
const ana_record *ana_log_add(const ana_record *r) {
    ana_record *slot;
    __atomic_add_fetch(&ana_total, 1, __ATOMIC_RELAXED);
    lock();
    slot = same(r);
    if (slot != NULL) {
        slot->count++;
    } else if (used < ANA_RECORDS) {
        slot = &records[used++];
        *slot = *r;
    } else {
        dropped++;
    }
    unlock();
    return slot;
}

/* Moves all records out; answers how many. */
int ana_log_take(ana_record *into, uint64_t *lost) {
    int n;
    lock();
    n = used;
    memcpy(into, records, (size_t)n * sizeof *records);
    *lost = dropped;
    used = 0;
    dropped = 0;
    unlock();
    return n;
}
