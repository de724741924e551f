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
 * in ticks of numer/denom nanoseconds. */
extern void tympan_clock_configure(int is_virtual, uint32_t numer, uint32_t denom);
extern int tympan_clock_is_virtual(void);
extern void tympan_clock_set(uint64_t ticks);
/* Moves the virtual clock to `ticks` unless it is already past: several IO
 * threads share one clock. With the real clock it waits until then. */
extern void tympan_clock_reach(uint64_t ticks);

/* --- objects ----------------------------------------------------------- */

enum tympan_kind { TYMPAN_NO_OBJECT, TYMPAN_STRING, TYMPAN_UUID, TYMPAN_URL, TYMPAN_QUEUE };

typedef struct tympan_ledger {
    uint64_t created, destroyed, retains, releases; /* since the process began */
    uint64_t live;                                  /* created - destroyed */
    uint64_t problems;                              /* calls on something that is no live object */
} tympan_ledger;

extern tympan_ledger tympan_ledger_read(void);
/* The serial number of the newest object; objects made later have larger ones. */
extern uint64_t tympan_ledger_serial(void);
/* The live object with the smallest serial above `after`: its serial, or 0 at the end.
 * `text` (UTF-8, cut to `size`) says what it is. */
extern uint64_t tympan_ledger_next(uint64_t after, int *kind, int64_t *count, char *text, size_t size);
/* Problem number `index` (of those kept), as a sentence; 0 at the end. */
extern int tympan_ledger_problem(size_t index, char *text, size_t size);
extern void tympan_ledger_clear_problems(void);
/* What `address` is: a kind, or TYMPAN_NO_OBJECT for dead objects and foreign
 * memory. Never follows the pointer before it is known. */
extern int tympan_kind_of(const void *address);
/* The bytes of a live string (UTF-8) or URL (path) without the final 0, or -1. */
extern CFIndex tympan_text_size(const void *address);

/* --- queues ------------------------------------------------------------ */

/* Manual: work waits for tympan_queue_pump and runs on its thread.
 * Threaded: one worker thread runs it as it comes. */
extern void tympan_queue_set_threaded(int threaded);
/* Runs (or, threaded, waits for) everything queued, including what that queues.
 * Answers how many; -1 when work was still there after `milliseconds`. */
extern int64_t tympan_queue_pump(int64_t milliseconds);
extern uint64_t tympan_queue_pending(void);

/* --- log --------------------------------------------------------------- */

extern void tympan_log_echo(int to_stderr);
extern uint64_t tympan_log_count(void);
/* Line number `index` since the process began (the newest 65536 are kept); 0 when gone or not there. */
extern int tympan_log_line(uint64_t index, char *text, size_t size);

#pragma GCC visibility pop

#endif
