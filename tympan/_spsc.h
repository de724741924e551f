/* A bounded queue from one producer thread to one consumer thread, of units of
 * any size: frames of audio, or structs. Wait-free on both sides: no loop, and
 * a copy of at most what was asked for.
 *
 * `head` and `tail` count units since the beginning and never go back, so a
 * full queue differs from an empty one without a spare place, and 2^64 units
 * do not come. Each side keeps a copy of the other's counter, and looks at the
 * real one, which costs a cache miss, only when the copy says "no".
 *
 * All zero is an empty queue without room. */
#ifndef TYMPAN_SPSC_H
#define TYMPAN_SPSC_H

#include "_rt.h"

typedef struct {
    char *data;
    size_t unit;        /* bytes */
    uint64_t capacity;  /* units, exactly as asked for */
    uint64_t mask;      /* places - 1; there is a power of two of them, at least `capacity` */
    char gap0[TY_LINE];
    uint64_t head;      /* atomic; units pushed. The producer writes. */
    uint64_t seen_tail; /* the producer's */
    uint64_t refused;   /* atomic; units that found no room. The producer writes. */
    char gap1[TY_LINE];
    uint64_t tail;      /* atomic; units popped. The consumer writes. */
    uint64_t seen_head; /* the consumer's */
    uint64_t missed;    /* atomic; units asked for that were not there. The consumer writes. */
    char gap2[TY_LINE];
} ty_spsc;

/* False without memory. Control thread; capacity and unit are at least 1. */
static inline int ty_spsc_create(ty_spsc *q, size_t unit, uint64_t capacity) {
    uint64_t places = 1;
    memset(q, 0, sizeof *q);
    while (places < capacity) places *= 2;
    if (places > SIZE_MAX / 2 / unit) return 0;
    q->data = (char *)ty_audio_alloc((size_t)places * unit);
    if (!q->data) return 0;
    q->unit = unit;
    q->capacity = capacity;
    q->mask = places - 1;
    return 1;
}

/* Nobody uses it any more. Control thread. */
static inline void ty_spsc_destroy(ty_spsc *q) {
    free(q->data);
    memset(q, 0, sizeof *q);
}

/* Units that can be popped: at least so many for the consumer, at most for the producer. Any thread. */
static inline uint64_t ty_spsc_available(const ty_spsc *q) {
    uint64_t tail = ty_load_acquire_u64(&q->tail);
    uint64_t there = ty_load_acquire_u64(&q->head) - tail;
    return there < q->capacity ? there : q->capacity;
}

/* `count` units between place `at` of the queue and `memory`, in at most two runs. */
static inline void ty_spsc_copy_in(ty_spsc *q, uint64_t at, const char *memory, uint64_t count) {
    uint64_t run = q->mask + 1 - (at & q->mask);
    if (run > count) run = count;
    memcpy(q->data + (at & q->mask) * q->unit, memory, run * q->unit);
    if (count > run) memcpy(q->data, memory + run * q->unit, (count - run) * q->unit);
}
static inline void ty_spsc_copy_out(const ty_spsc *q, uint64_t at, char *memory, uint64_t count) {
    uint64_t run = q->mask + 1 - (at & q->mask);
    if (run > count) run = count;
    memcpy(memory, q->data + (at & q->mask) * q->unit, run * q->unit);
    if (count > run) memcpy(memory + run * q->unit, q->data, (count - run) * q->unit);
}

static inline void ty_spsc_refuse(ty_spsc *q, uint64_t count) {
    ty_store_u64(&q->refused, ty_load_u64(&q->refused) + count);
}

/* Room for `count` units, or less. The producer. */
static inline uint64_t ty_spsc_free(ty_spsc *q, uint64_t head, uint64_t count) {
    uint64_t room = q->capacity - (head - q->seen_tail);
    if (room < count) {
        q->seen_tail = ty_load_acquire_u64(&q->tail);
        room = q->capacity - (head - q->seen_tail);
    }
    return room < count ? room : count;
}

/* Push up to `count` units and answer how many; the others are counted as refused. The producer. */
static inline uint64_t ty_spsc_push(ty_spsc *q, const void *units, uint64_t count) {
    uint64_t head = ty_load_u64(&q->head);
    uint64_t room = ty_spsc_free(q, head, count);
    if (room < count) ty_spsc_refuse(q, count - room);
    if (room) {
        ty_spsc_copy_in(q, head, (const char *)units, room);
        ty_store_release_u64(&q->head, head + room);
    }
    return room;
}

/* Push one unit, whose size the compiler knows; false when it does not fit. The producer. */
static inline int ty_spsc_push_one(ty_spsc *q, const void *item, size_t size) {
    uint64_t head = ty_load_u64(&q->head);
    if (size != q->unit || !ty_spsc_free(q, head, 1)) {
        ty_spsc_refuse(q, 1);
        return 0;
    }
    memcpy(q->data + (head & q->mask) * size, item, size);
    ty_store_release_u64(&q->head, head + 1);
    return 1;
}

/* How many of `count` units there are, which the consumer may then copy out. */
static inline uint64_t ty_spsc_ready(ty_spsc *q, uint64_t tail, uint64_t count) {
    uint64_t there = q->seen_head - tail;
    if (there < count) {
        q->seen_head = ty_load_acquire_u64(&q->head);
        there = q->seen_head - tail;
    }
    return there < count ? there : count;
}

/* Pop up to `count` units and answer how many; the others are counted as missed. The consumer. */
static inline uint64_t ty_spsc_pop(ty_spsc *q, void *units, uint64_t count) {
    uint64_t tail = ty_load_u64(&q->tail);
    uint64_t there = ty_spsc_ready(q, tail, count);
    if (there < count) ty_store_u64(&q->missed, ty_load_u64(&q->missed) + (count - there));
    if (there) {
        ty_spsc_copy_out(q, tail, (char *)units, there);
        ty_store_release_u64(&q->tail, tail + there);
    }
    return there;
}

/* Pop one unit, whose size the compiler knows; false when there is none. The consumer. */
static inline int ty_spsc_pop_one(ty_spsc *q, void *item, size_t size) {
    uint64_t tail = ty_load_u64(&q->tail);
    if (size != q->unit || !ty_spsc_ready(q, tail, 1)) return 0;
    memcpy(item, q->data + (tail & q->mask) * size, size);
    ty_store_release_u64(&q->tail, tail + 1);
    return 1;
}

/* Pop up to `count` units into nothing; what is missing is not counted. The consumer. */
static inline uint64_t ty_spsc_discard(ty_spsc *q, uint64_t count) {
    uint64_t tail = ty_load_u64(&q->tail);
    uint64_t there = ty_spsc_ready(q, tail, count);
    if (there) ty_store_release_u64(&q->tail, tail + there);
    return there;
}

#endif
