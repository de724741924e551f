/* Where the defects are that would hide the correct code: each hook is called only when DEFECTIVE. */

#ifndef SUBJECT_SPOIL_H
#define SUBJECT_SPOIL_H

#include "subject.h"

/* --- spoil_properties.c --- */
const row *spoil_row(const query *q, const row *r);
void spoil_answer(const query *q, answer *a);
void spoil_settable(const query *q, Boolean *out);
bool spoil_size(const query *q, OSStatus *status);
bool spoil_get(const query *q, UInt32 capacity, UInt32 *out, void *data, OSStatus *status);
bool spoil_before_change(const query *q);

/* --- spoil_life.c --- */
extern unsigned lives_begun;
void spoil_table(AudioServerPlugInDriverInterface *table);
void spoil_clock(void);
OSStatus spoil_initialize(AudioServerPlugInHostRef host, OSStatus status);
void spoil_perform(device *d, UInt64 action);

/* --- spoil_io.c --- */
bool spoil_line(device_clock *c);
OSStatus spoil_stamp(device *d, const line_values *l, uint64_t now, Float64 *sample, UInt64 *host, UInt64 *seed);
device *spoil_start(device *d, UInt32 client_id);
OSStatus spoil_started(device *d, OSStatus status);
bool spoil_stop(device *d, OSStatus *status);
int64_t spoil_time(const stream *s, int64_t time, UInt32 frames);
OSStatus spoil_other(UInt32 frames, void *audio);
bool spoil_do(device *d, stream *s, UInt32 frames, OSStatus *status);
OSStatus spoil_done(device *d, stream *s, UInt32 frames, void *audio, OSStatus status);

#endif
