/*
 * The platform library: what stands behind Apple's names off macOS.
 *
 * coreaudio.h declares the names that drivers call (CFRetain,
 * mach_absolute_time, dispatch_async_f, ...). This file declares the other
 * side: how the simulated host sets the clock, runs the queues and reads the
 * ledger. Everything is thread-safe. tympan.testing._platform defines all of it
 * and is loaded RTLD_GLOBAL, so bundles and extension modules find it.
 *
 * On macOS the real libraries answer; the clock is then always real and the
 * ledger empty.
 */

#ifndef TYMPAN_PLATFORM_H
#define TYMPAN_PLATFORM_H

#include "coreaudio.h"

#pragma GCC visibility push(default)

/* --- clock ------------------------------------------------------------- */

/* Virtual: mach_absolute_time answers what the host set. Real: CLOCK_MONOTONIC,
 * in ticks of numer/denom nanoseconds. Both clocks agree again afterwards. */
extern void tympan_clock_configure(int is_virtual, uint32_t numer, uint32_t denom);
extern int tympan_clock_is_virtual(void);
extern void tympan_clock_set(uint64_t ticks);
/* Moves the virtual clock to `ticks` unless it is already past: several IO
 * threads share one clock. With the real clock it waits until then. */
extern void tympan_clock_reach(uint64_t ticks);
/* The machine sleeps for so long: mach_absolute_time stands, mach_continuous_time goes on. */
extern void tympan_clock_sleep(uint64_t ticks);

/* --- objects ----------------------------------------------------------- */

enum tympan_kind {
    TYMPAN_NO_OBJECT, TYMPAN_STRING, TYMPAN_UUID, TYMPAN_URL, TYMPAN_QUEUE, TYMPAN_NUMBER, TYMPAN_BOOLEAN,
    TYMPAN_DATA, TYMPAN_ARRAY, TYMPAN_DICTIONARY, TYMPAN_DATE, TYMPAN_NULL, TYMPAN_ERROR, TYMPAN_BUNDLE,
    TYMPAN_ALLOCATOR, TYMPAN_SOURCE, TYMPAN_SEMAPHORE, TYMPAN_KINDS
};

extern const char *tympan_kind_name(int kind); /* "string", "number", ...; "" for no object */

/* What a problem is; tympan_problem_name spells it. */
enum tympan_problem_kind {
    TYMPAN_NULL_REFERENCE, /* NULL where an object must be */
    TYMPAN_OVER_RELEASE,   /* released more often than retained */
    TYMPAN_USE_AFTER_FREE, /* any other use of a dead object */
    TYMPAN_FOREIGN,        /* the address of no object at all */
    TYMPAN_WRONG_TYPE,     /* an object of another type */
    TYMPAN_IMMUTABLE,      /* a change of an immutable object */
    TYMPAN_RANGE,          /* an index or a range outside */
    TYMPAN_RACE,           /* a mutable object used on two threads at once, one of them changing it */
    TYMPAN_MISUSE,         /* anything else that the documentation forbids */
    TYMPAN_PROBLEM_KINDS
};

typedef struct tympan_ledger {
    uint64_t created, destroyed, retains, releases; /* since the process began; immortal objects are not counted */
    uint64_t live;                                  /* created - destroyed */
    uint64_t problems;                              /* calls that a driver must not make */
    uint64_t kept;                                  /* bytes of malloc's that dead objects keep, to be recognised */
} tympan_ledger;

/* A live object. */
typedef struct tympan_row {
    uint64_t serial;       /* objects made later have larger ones */
    int64_t count;         /* its retain count */
    int64_t held;          /* how much of it is by other objects, such as the array it is in */
    int kind;
    unsigned thread;       /* on which it was made; threads are numbered by their first object */
    const char *call;      /* the function that made it */
    const void *site;      /* the instruction behind that function's call */
    char text[160];        /* what it is (UTF-8, cut) */
} tympan_row;

/* One use that is wrong. */
typedef struct tympan_trouble {
    int kind;
    unsigned thread;
    char text[240];        /* a sentence */
    char call[48];         /* the function that was called */
    char caller[96];       /* who called it: a function or an offset, and the binary it is in */
} tympan_trouble;

extern tympan_ledger tympan_ledger_read(void);
/* The serial number of the newest object. */
extern uint64_t tympan_ledger_serial(void);
/* Live objects with a serial above `after`, oldest first; how many of `room` rows were filled. */
extern size_t tympan_ledger_live(uint64_t after, tympan_row *rows, size_t room);
/* "function+0x12 in Gain" for an address in code. */
extern void tympan_ledger_caller(const void *site, char *text, size_t size);
/* Problem number `index` (of those kept), as a sentence, or all that is known of it; 0 at the end. */
extern int tympan_ledger_problem(size_t index, char *text, size_t size);
extern int tympan_ledger_trouble(size_t index, tympan_trouble *trouble);
extern void tympan_ledger_clear_problems(void);
/* Writes down a problem of the host's own making, such as a value that is no property list. */
extern void tympan_ledger_report(int kind, const char *call, const char *sentence);
extern const char *tympan_problem_name(int kind);
/* 1: what this thread makes from now on lives for ever and is in no ledger; 0: no more. */
extern void tympan_ledger_immortal(int on);
/* What `address` is: a kind, or TYMPAN_NO_OBJECT for dead objects and foreign
 * memory. Never follows the pointer before it is known. */
extern int tympan_kind_of(const void *address);
extern int tympan_is_mutable(const void *address);
/* The bytes of a live string (UTF-8) or URL (path) without the final 0, or -1. */
extern CFIndex tympan_text_size(const void *address);
/* CFStringGetCStringPtr may answer NULL at any time: 1 makes it always do so for strings that were created. */
extern void tympan_string_hide_pointers(int hide);

/* --- property lists and bundles: done by the host, in Python --------------- */

/* `read`: a new immutable property list, or NULL; sets *format. `write`: 1, and *bytes to malloc'd memory. `bundle`:
 * tympan_bundle_add for the bundle of this path, if it is one. Any may be NULL. */
typedef struct tympan_hooks {
    CFPropertyListRef (*read)(const UInt8 *bytes, CFIndex size, CFIndex *format);
    int (*write)(CFPropertyListRef plist, CFIndex format, UInt8 **bytes, CFIndex *size);
    void (*bundle)(const char *path);
} tympan_hooks;

extern void tympan_set_hooks(const tympan_hooks *hooks);
/* Makes a bundle known to CFBundleGetBundleWithIdentifier; once per path. `info`: its Info.plist, immortal. */
extern void tympan_bundle_add(const char *path, CFDictionaryRef info);
/* An integer of up to 128 bits as CoreFoundation has it behind unsigned numbers, and back (0: not an integer). */
extern CFNumberRef tympan_number_wide(uint64_t low, int64_t high);
extern int tympan_number_get_wide(CFNumberRef number, uint64_t *low, int64_t *high);

/* --- queues ------------------------------------------------------------ */

/* Manual: work waits for tympan_queue_pump and runs on its thread.
 * Threaded: worker threads run it as it comes. */
extern void tympan_queue_set_threaded(int threaded);
/* Runs (or, threaded, waits for) everything queued, including what that queues, and the timers that are due.
 * Answers how many; -1 when work was still there after `milliseconds`. */
extern int64_t tympan_queue_pump(int64_t milliseconds);
/* What is queued, without timers that are not due. */
extern uint64_t tympan_queue_pending(void);
/* Forgets dispatch_after's work and the times of timers; so does tympan_clock_configure. */
extern void tympan_queue_drop_timers(void);
/* Forgets those and all work that waits, of every queue: whoever queued it has died. What runs just now goes on. */
extern void tympan_queue_drop_work(void);
/* When the next timer is due, in ticks of mach_absolute_time; UINT64_MAX without one. */
extern uint64_t tympan_queue_next_timer(void);

/* --- log --------------------------------------------------------------- */

extern void tympan_log_echo(int to_stderr);
extern uint64_t tympan_log_count(void);
/* Line number `index` since the process began (the newest 65536 are kept); 0 when gone or not there. */
extern int tympan_log_line(uint64_t index, char *text, size_t size);

#pragma GCC visibility pop

#endif
