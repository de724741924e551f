/* A block of bytes that one thread replaces while others read it: a reader
 * always sees one whole version. Left-Right, by Ramalhete and Correia, with a
 * copy for the change.
 *
 * Readers, any number, are wait-free: they count themselves in (A), look which
 * block is shown (B), and count themselves out. Writers take turns; one fills
 * the hidden block and shows it (C). Before it fills a block, it waits until
 * nobody can be in there who saw it shown: until both counters have been 0
 * after C (D). All four are in one order, so a reader whose B came before C had its A
 * before D, and D sees it. There are two counters because new readers, who do
 * no harm, would otherwise keep one from ever being 0: D sends them to the
 * other counter first.
 *
 * All zero is a block of no bytes, version 0. */
#ifndef TYMPAN_DOUBLE_BUFFER_H
#define TYMPAN_DOUBLE_BUFFER_H

#include <time.h>

#include "_rt.h"

typedef struct {
    char *blocks[2];
    size_t size;         /* bytes of one block */
    uint64_t version[2]; /* of each block; as guarded as the block */
    ty_mutex writer;
    char gap0[TY_LINE];
    uint32_t shown;      /* atomic; the block that readers take. A writer writes. */
    uint32_t side;       /* atomic; the counter at which readers arrive. A writer writes. */
    char gap1[TY_LINE];
    uint32_t readers0;   /* atomic */
    char gap2[TY_LINE];
    uint32_t readers1;   /* atomic */
    char gap3[TY_LINE];
} ty_double;

static inline uint32_t *ty_double_readers(ty_double *d, uint32_t side) {
    return side ? &d->readers1 : &d->readers0;
}

/* Version 1 is `block`, or zeros. False without memory. Control thread. */
static inline int ty_double_create(ty_double *d, const void *block, size_t size) {
    memset(d, 0, sizeof *d);
    size_t apart = (size + TY_LINE - 1) / TY_LINE * TY_LINE;
    if (!(d->blocks[0] = (char *)ty_audio_alloc(2 * apart))) return 0;
    d->blocks[1] = d->blocks[0] + apart;
    d->size = size;
    d->version[0] = 1;
    if (block) memcpy(d->blocks[0], block, size);
    ty_mutex_init(&d->writer);
    return 1;
}

/* Nobody uses it any more. Control thread. */
static inline void ty_double_destroy(ty_double *d) {
    if (!d->blocks[0]) return;
    free(d->blocks[0]);
    ty_mutex_destroy(&d->writer);
    memset(d, 0, sizeof *d);
}

/* ---- readers: any thread, wait-free ---- */

/* The block as it is now, unchanged until ty_double_release with the same ticket. */
static inline const void *ty_double_acquire(ty_double *d, uint32_t *ticket) {
    uint32_t side = ty_load_ordered_u32(&d->side);
    ty_add_ordered_u32(ty_double_readers(d, side), 1);
    uint32_t shown = ty_load_ordered_u32(&d->shown);
    *ticket = side | shown << 1;
    return d->blocks[shown];
}
static inline void ty_double_release(ty_double *d, uint32_t ticket) {
    ty_add_ordered_u32(ty_double_readers(d, ticket & 1), (uint32_t)-1);
}

/* Copy the newest version and answer its number; zeros and 0 for another size than the block's. */
static inline uint64_t ty_double_load(ty_double *d, void *block, size_t size) {
    uint32_t ticket;
    if (size != d->size) {
        memset(block, 0, size);
        return 0;
    }
    memcpy(block, ty_double_acquire(d, &ticket), size);
    uint64_t version = d->version[ticket >> 1];
    ty_double_release(d, ticket);
    return version;
}

static inline uint64_t ty_double_version(ty_double *d) {
    uint32_t ticket;
    ty_double_acquire(d, &ticket);
    uint64_t version = d->version[ticket >> 1];
    ty_double_release(d, ticket);
    return version;
}

/* ---- writers: control threads, blocking ---- */

/* Until the counter is 0; false after `patience` naps of 50 microseconds. A
 * reader could not wake the writer: waking is a system call. */
static inline int ty_double_wait(const uint32_t *readers, uint64_t *patience) {
    const struct timespec nap = {0, 50000};
    while (ty_load_ordered_u32(readers) != 0) {
        if (*patience == 0) return 0;
        *patience -= 1;
        nanosleep(&nap, NULL);
    }
    return 1;
}

/* Until no reader is left who may be in the hidden block. */
static inline int ty_double_drain(ty_double *d, uint64_t patience) {
    uint32_t side = ty_load_ordered_u32(&d->side);
    if (!ty_double_wait(ty_double_readers(d, 1 - side), &patience)) return 0;
    ty_store_ordered_u32(&d->side, 1 - side);
    return ty_double_wait(ty_double_readers(d, side), &patience);
}

/* Replace the block. False, with nothing changed, when a reader stays longer
 * than `patience` naps. */
static inline int ty_double_store(ty_double *d, const void *block, uint64_t patience) {
    ty_mutex_lock(&d->writer);
    uint32_t shown = ty_load_ordered_u32(&d->shown), hidden = 1 - shown;
    int free_of_readers = ty_double_drain(d, patience);
    if (free_of_readers) {
        memcpy(d->blocks[hidden], block, d->size);
        d->version[hidden] = d->version[shown] + 1;
        ty_store_ordered_u32(&d->shown, hidden);
    }
    ty_mutex_unlock(&d->writer);
    return free_of_readers;
}

#endif
