/*
 * Doubles: the subject (../subjects), with a slider, a pan and a clock device added, and one
 * thing made wrong. A double is named after the rule of the validator that it breaks; the
 * environment variable TYMPAN_DOUBLE chooses it whenever the factory is called. None: a
 * correct driver.
 *
 * factory.c  the factory, which puts these functions into the subject's table, and the table
 * edits.c    properties that are wrong: a table of rows
 * extras.c   the three objects that the subject lacks
 * calls.c    property calls that are wrong in how they answer
 * life.c     references, Initialize, clients and configuration changes that are wrong
 * io.c       clock and IO that are wrong
 * host.c     what stands between the driver and its host, and what is wrong there
 */

#ifndef DOUBLES_H
#define DOUBLES_H

#include "../subjects/subject.h"

#include <unistd.h>

enum { SLIDER = 40, PAN, CLOCK_DEVICE };

#define CODE(a, b, c, d) ((UInt32)(a) << 24 | (UInt32)(b) << 16 | (UInt32)(c) << 8 | (UInt32)(d))
#define SECRET CODE('z', 'z', 'z', 'z')

/* The subject's own functions. */
extern AudioServerPlugInDriverInterface real;
extern AudioServerPlugInDriverRef real_driver;

/* Whether this double was chosen; cheap enough for IO code. */
extern const char *chosen_double;
#define broken(rule) (chosen_double && strcmp(chosen_double, rule) == 0)

/* Whose turn it is, for doubles that share a lock with what must not wait. */
extern pthread_mutex_t common_lock;

void leak(void); /* calls.c */

/* --- edits.c: properties before the edits of the chosen double are base_...; these apply the edits --- */
Boolean edited_has(DRIVER, AudioObjectID, pid_t, ADDRESS);
OSStatus edited_settable(DRIVER, AudioObjectID, pid_t, ADDRESS, Boolean *);
OSStatus edited_size(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32 *);
OSStatus edited_get(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32, UInt32 *, void *);
OSStatus edited_set(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32, const void *);

/* --- extras.c --- */
Boolean base_has(DRIVER, AudioObjectID, pid_t, ADDRESS);
OSStatus base_settable(DRIVER, AudioObjectID, pid_t, ADDRESS, Boolean *);
OSStatus base_size(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32 *);
OSStatus base_get(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32, UInt32 *, void *);
OSStatus base_set(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32, const void *);
OSStatus extras_perform(UInt64 action);
void extras_begin(void);
void extras_end(void);

/* --- calls.c, life.c, io.c, host.c: put what is wrong into the table --- */
void break_calls(AudioServerPlugInDriverInterface *table);
void break_life(AudioServerPlugInDriverInterface *table);
void break_changes(AudioServerPlugInDriverInterface *table);
void break_io(AudioServerPlugInDriverInterface *table);
AudioServerPlugInHostRef host_between(AudioServerPlugInHostRef host);
extern _Atomic(AudioServerPlugInHostRef) true_host;

#endif
