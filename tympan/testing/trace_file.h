/*
 * A trace's file while it is written, and the threads that write it; included by trace.h.
 *
 * The file is mapped, so what is recorded survives a crash of the driver. Records are made up on
 * the writing thread's stack, then get their place by one atomic addition: no lock, no allocation, no
 * system call, but for one ftruncate per 4 MiB, which the realtime guard is told to permit. The length
 * at the front of a record is written last: a reader that meets 0 has met the end.
 */

#include "host_guard.h"
#include "platform.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRACE_STEP ((uint64_t)4 << 20)
#define TRACE_LARGEST ((uint64_t)16 << 30)
#define TRACE_THREADS 1024
#define TRACE_WORDS (sizeof(AudioServerPlugInIOCycleInfo) / 8)

/* What later records of a thread are written as differences from. */
typedef struct trace_thread {
    unsigned number;
    uint64_t time, host, seed, sample; /* sample: the bits of the Float64 */
    uint64_t cycle[TRACE_WORDS];
} trace_thread;

typedef struct trace_file {
    int descriptor, audio;
    unsigned char *memory;
    atomic_ullong used, size; /* bytes written or promised; bytes the file has */
    atomic_flag growing;
    atomic_uint threads, visitors; /* visitors: calls that write just now */
    atomic_ullong records, lost;
    uint64_t session;
    trace_thread thread[TRACE_THREADS];
} trace_file;

static trace_file *_Atomic trace_current;
static const ana_api *(*trace_guard)(void); /* the host's guard at the moment */
static _Thread_local trace_thread *trace_mine;
static _Thread_local uint64_t trace_mine_session;

/* The file if one is being written; trace_leave() must follow. */
static trace_file *trace_enter(void)
{
    trace_file *f = atomic_load(&trace_current);
    if (!f)
        return NULL;
    atomic_fetch_add(&f->visitors, 1);
    if (atomic_load(&trace_current) == f)
        return f;
    atomic_fetch_sub(&f->visitors, 1);
    return NULL;
}

static void trace_leave(trace_file *f)
{
    atomic_fetch_sub(&f->visitors, 1);
}

/* This thread's state; threads get their numbers, from 1, as they come. NULL when there are too many. */
static trace_thread *trace_self(trace_file *f)
{
    if (trace_mine_session != f->session) {
        unsigned number = atomic_fetch_add(&f->threads, 1);
        trace_mine_session = f->session;
        trace_mine = number < TRACE_THREADS ? &f->thread[number] : NULL;
        if (trace_mine)
            trace_mine->number = number + 1;
    }
    return trace_mine;
}

/* Makes the file long enough for `end` bytes. */
static int trace_grow(trace_file *f, uint64_t end)
{
    const ana_api *guard = trace_guard ? trace_guard() : NULL;
    int failed = 0;
    while (atomic_flag_test_and_set(&f->growing))
        ;
    if (end > atomic_load(&f->size)) {
        uint64_t size = (end + TRACE_STEP - 1) / TRACE_STEP * TRACE_STEP;
        guard_lift(guard);
        failed = ftruncate(f->descriptor, (off_t)size);
        guard_drop(guard);
        if (!failed)
            atomic_store(&f->size, size);
    }
    atomic_flag_clear(&f->growing);
    return failed;
}

/* Room for `size` bytes, or NULL (counted as lost). */
static unsigned char *trace_reserve(trace_file *f, uint64_t size)
{
    uint64_t at = atomic_load(&f->used);
    do
        if (at + size > TRACE_LARGEST || (at + size > atomic_load(&f->size) && trace_grow(f, at + size))) {
            atomic_fetch_add(&f->lost, 1);
            return NULL;
        }
    while (!atomic_compare_exchange_weak(&f->used, &at, at + size));
    return f->memory + at;
}

/* --- one record -------------------------------------------------------------------- */

#define RECORD_SMALL 640
#define RECORD_PARTS 6

/* Numbers in `bytes`, with up to six long pieces from elsewhere between them. */
typedef struct trace_record {
    trace_file *file;
    trace_thread *thread;
    unsigned used, parts;
    struct { const void *from; size_t size; unsigned at; } part[RECORD_PARTS];
    size_t long_bytes;
    unsigned char bytes[RECORD_SMALL];
} trace_record;

static void put_byte(trace_record *r, unsigned value)
{
    if (r->used < RECORD_SMALL)
        r->bytes[r->used++] = (unsigned char)value;
}

/* Seven bits per byte, the lowest first; all but the last byte have the highest bit. */
static void put(trace_record *r, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put_byte(r, (unsigned)value | 0x80);
    put_byte(r, (unsigned)value);
}

/* Near 0 on either side is short: 0, -1, 1, -2, ... */
static void put_signed(trace_record *r, int64_t value)
{
    put(r, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static void put_code(trace_record *r, UInt32 value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        put_byte(r, value >> shift & 0xFF);
}

/* A number as the difference from the thread's last one. */
static void put_next(trace_record *r, uint64_t *last, uint64_t value)
{
    put_signed(r, (int64_t)(value - *last));
    *last = value;
}

/* The bits of a Float64 that changed. Round numbers end in zeros, so the bytes are turned round. */
static void put_next_real(trace_record *r, uint64_t *last, uint64_t bits)
{
    put(r, __builtin_bswap64(bits ^ *last));
    *last = bits;
}

/* `size` bytes that stay where they are until put_end(). */
static void put_bytes(trace_record *r, const void *from, size_t size)
{
    put(r, size);
    if (size <= 64 && r->used + size <= RECORD_SMALL) {
        memcpy(r->bytes + r->used, from, size);
        r->used += (unsigned)size;
    } else if (r->parts < RECORD_PARTS) {
        r->part[r->parts].from = from;
        r->part[r->parts].size = size;
        r->part[r->parts++].at = r->used;
        r->long_bytes += size;
    }
}

/* A record of `kind`, now. 0 when nothing is recorded; otherwise put_end() must follow. */
static int put_begin(trace_record *r, unsigned kind)
{
    r->file = trace_enter();
    if (!r->file)
        return 0;
    r->thread = trace_self(r->file);
    if (!r->thread) {
        atomic_fetch_add(&r->file->lost, 1);
        trace_leave(r->file);
        return 0;
    }
    r->used = r->parts = 0;
    r->long_bytes = 0;
    put_byte(r, kind);
    put(r, r->thread->number);
    put_next(r, &r->thread->time, mach_absolute_time());
    return 1;
}

/* The record's length in front of it; five bytes hold any. */
static unsigned length_bytes(uint64_t length, unsigned char bytes[5])
{
    unsigned count = 0;
    for (; length >= 0x80; length >>= 7)
        bytes[count++] = (unsigned char)(length | 0x80);
    bytes[count++] = (unsigned char)length;
    return count;
}

static void put_end(trace_record *r)
{
    unsigned char length[5];
    uint64_t size = r->used + r->long_bytes;
    unsigned prefix = length_bytes(size, length), from = 0;
    unsigned char *start = trace_reserve(r->file, prefix + size), *to = start + prefix;
    for (unsigned i = 0; start && i <= r->parts; i++) {
        unsigned until = i < r->parts ? r->part[i].at : r->used;
        memcpy(to, r->bytes + from, until - from);
        to += until - from;
        from = until;
        if (i < r->parts)
            memcpy(to, r->part[i].from, r->part[i].size), to += r->part[i].size;
    }
    if (start) {
        memcpy(start + 1, length + 1, prefix - 1);
        atomic_thread_fence(memory_order_release);
        *(volatile unsigned char *)start = length[0];
        atomic_fetch_add_explicit(&r->file->records, 1, memory_order_relaxed);
    }
    trace_leave(r->file);
}
