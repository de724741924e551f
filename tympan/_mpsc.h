/* A bounded queue of records from any number of threads to one, by Vyukov:
 * each cell has a number that says whose turn it is. Cell i begins with i; a
 * producer who takes place p finds p there, and leaves p + 1; the consumer
 * leaves p + cells, which is what the producer of the next round looks for.
 *
 * Producers are wait-free: after MOST_ATTEMPTS places lost to others the
 * record is dropped, as it is when the queue is full. The consumer is
 * wait-free too, but while a producer is interrupted between taking a place
 * and filling it, the records behind that place have to wait.
 *
 * All zero is a queue that drops everything. */
#ifndef TYMPAN_MPSC_H
#define TYMPAN_MPSC_H

#include "_rt.h"

enum { TY_MOST_ATTEMPTS = 8 };

typedef struct {
    char *cells;
    size_t size;        /* bytes of a record */
    size_t stride;      /* bytes of a cell: its number, the record, and what makes the next one aligned */
    uint64_t mask;      /* cells - 1; a power of two of them */
    char gap0[TY_LINE];
    uint64_t head;      /* atomic; places taken. Producers write. */
    uint64_t dropped;   /* atomic; producers write */
    char gap1[TY_LINE];
    uint64_t tail;      /* the consumer's */
    char gap2[TY_LINE];
} ty_mpsc;

/* At least `capacity` records, at least 2. False without memory. Control thread. */
static inline int ty_mpsc_create(ty_mpsc *q, size_t size, uint64_t capacity) {
    uint64_t cells = 2;
    memset(q, 0, sizeof *q);
    while (cells < capacity) cells *= 2;
    q->stride = sizeof(uint64_t) + (size + 7) / 8 * 8;
    if (cells > SIZE_MAX / 2 / q->stride || !(q->cells = (char *)ty_audio_alloc((size_t)cells * q->stride))) return 0;
    q->size = size;
    q->mask = cells - 1;
    for (uint64_t i = 0; i < cells; i++) ty_store_u64((uint64_t *)(q->cells + i * q->stride), i);
    return 1;
}

/* Nobody uses it any more. Control thread. */
static inline void ty_mpsc_destroy(ty_mpsc *q) {
    free(q->cells);
    memset(q, 0, sizeof *q);
}

/* Take a place: its cell, or NULL when there is none or too many others want one. */
static inline uint64_t *ty_mpsc_take(ty_mpsc *q, uint64_t *place) {
    *place = ty_load_u64(&q->head);
    for (int attempt = 0; attempt < TY_MOST_ATTEMPTS; attempt++) {
        uint64_t *cell = (uint64_t *)(q->cells + (*place & q->mask) * q->stride);
        int64_t ahead = (int64_t)(ty_load_acquire_u64(cell) - *place);
        if (ahead < 0) return NULL;     /* full: the record of the round before is still there */
        if (ahead > 0)
            *place = ty_load_u64(&q->head);     /* somebody was quicker */
        else if (ty_compare_exchange_relaxed_u64(&q->head, place, *place + 1))
            return cell;
    }
    return NULL;
}

/* Push a copy of the record; false, and one more dropped, if it cannot be. Any thread. */
static inline int ty_mpsc_push(ty_mpsc *q, const void *record, size_t size) {
    uint64_t place;
    uint64_t *cell = size == q->size && q->cells ? ty_mpsc_take(q, &place) : NULL;
    if (!cell) {
        ty_add_relaxed_u64(&q->dropped, 1);
        return 0;
    }
    memcpy(cell + 1, record, size);
    ty_store_release_u64(cell, place + 1);
    return 1;
}

/* Pop one record of q->size bytes; false when there is none. The consumer. */
static inline int ty_mpsc_pop(ty_mpsc *q, void *record) {
    uint64_t *cell = (uint64_t *)(q->cells + (q->tail & q->mask) * q->stride);
    if (!q->cells || ty_load_acquire_u64(cell) != q->tail + 1) return 0;
    memcpy(record, cell + 1, q->size);
    ty_store_release_u64(cell, q->tail + q->mask + 1);
    q->tail += 1;
    return 1;
}

#endif
