/*
 * The subject: an audio driver in plain C that the simulated host and the validator are judged by.
 *
 * Written from the protocol's specification alone; it shares no line with tympan,
 * only the declarations of coreaudio.h. A box with two loopback devices:
 *
 *   Desk   2 + 1 channels each way in two streams; float32, int16 and int24; volume,
 *          mute and data source on its output; custom properties 'memo' and 'clts'
 *   Wire   1 channel in, 2 channels out (the first comes back); float32
 *
 * Threads. `state.lock` guards everything that is not atomic, and is held for
 * short. IO functions and GetZeroTimeStamp take no lock: they read atomics only.
 * The host is called from one serial queue, with no lock held (host.c).
 *
 * With -DDEFECTS one of the defects of defects.h can be chosen when the bundle is
 * loaded; without it all `defect(...)` are 0 and nothing of them is compiled.
 */

#ifndef SUBJECT_H
#define SUBJECT_H

#define _GNU_SOURCE /* dladdr */

#include "coreaudio.h"
#include "defects.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define BUNDLE_ID "org.tympan.subject"
#define PERIOD 16384u      /* frames from one zero time stamp to the next */
#define RING_FRAMES 32768u /* a power of two; more than twice what the largest buffer needs */
#define LINES 8u
#define STREAMS 4
#define NO_FRAME INT64_MIN

enum { MEMO = 0x6d656d6f, CLIENTS = 0x636c7473 }; /* 'memo', 'clts': custom properties */

/* Object ids; each is its place in `things` (objects.c). */
enum {
    PLUGIN = kAudioObjectPlugInObject,
    BOX,
    DESK,
    DESK_IN,
    DESK_IN_CUE,
    DESK_OUT,
    DESK_OUT_CUE,
    DESK_VOLUME,
    DESK_MUTE,
    DESK_SOURCE,
    WIRE,
    WIRE_IN,
    WIRE_OUT,
    LAST_OBJECT = WIRE_OUT,
};

enum kind { FLOAT32, INT16, INT24, KINDS };

/* Audio by sample time: a frame is there when its tag is its time. */
typedef struct ring {
    UInt32 channels;
    _Atomic int64_t tags[RING_FRAMES];
    _Atomic Float32 samples[RING_FRAMES][2];
} ring;

/* One time line of a device's clock. A slot is written again only after LINES - 1 other lines. */
typedef struct line {
    _Atomic uint64_t anchor; /* host ticks of frame 0 */
    _Atomic uint64_t seed;
    _Atomic uint64_t rate;   /* Hz */
} line;

typedef struct line_values {
    uint64_t anchor, seed, rate;
} line_values;

typedef struct device_clock {
    line lines[LINES];
    _Atomic uint64_t count; /* of lines begun; the last one is in force */
} device_clock;

typedef struct stream {
    AudioObjectID id;
    bool input;
    UInt32 channels, first; /* first: 1-based channel of the device */
    UInt32 kinds;           /* how many of enum kind it can have */
    UInt32 index;           /* in the device's `streams` and in setup.kind */
    ring *ring;
    UInt32 active;
    _Atomic UInt32 kind;
} stream;

/* What only a configuration change may change. Filled with memset, compared with memcmp. */
typedef struct setup {
    UInt32 rate; /* Hz */
    UInt32 kind[STREAMS];
} setup;

typedef struct client {
    struct client *next;
    UInt32 id;
    pid_t pid;
    CFStringRef bundle_id; /* retained, or NULL */
} client;

typedef struct device {
    AudioObjectID id;
    const char *uid, *model_uid;
    UInt32 rates[4], rate_count;
    UInt32 safety; /* frames, either way */
    stream *streams[STREAMS];
    UInt32 stream_count;
    bool has_controls;
    /* with the lock */
    setup now, wanted, asked;
    UInt64 action; /* of the request that the host knows, or 0 */
    bool asking;   /* a request is queued or with the host */
    client *clients;
    UInt32 identify;
    /* without */
    _Atomic UInt32 started; /* StartIO calls without their StopIO */
    _Atomic Float32 gain;
    device_clock clock;
} device;

typedef struct row row;

/* An object: its place in the graph, and the properties it has. */
typedef struct thing {
    AudioObjectID id, owner;
    AudioClassID class, base;
    const char *name;
    const row *rows;
    device *device; /* that it is, or is part of */
    stream *stream;
} thing;

/* One property call. */
typedef struct query {
    const thing *thing;
    const row *row;
    UInt32 selector, scope, element;
    UInt32 qualifier_size;
    const void *qualifier;
    const void *input; /* what is in the caller's buffer before */
    pid_t pid;
} query;

typedef struct answer {
    UInt32 size;
    union {
        unsigned char bytes[1024];
        UInt32 u32[256];
        Float32 f32[1];
        Float64 f64[1];
        CFTypeRef reference; /* owned by the caller of the property call */
        AudioValueRange ranges[4];
        AudioStreamBasicDescription format;
        AudioStreamRangedDescription formats[12];
        AudioChannelLayout layout;
        AudioServerPlugInCustomPropertyInfo custom[2];
    };
} answer;

/* Where a property is and of what shape; `size` is the value's, or one element's. */
enum {
    AT_GLOBAL = 1,
    AT_INPUT = 2,
    AT_OUTPUT = 4,
    AT_SIDES = AT_INPUT | AT_OUTPUT,
    ANYWHERE = AT_GLOBAL | AT_SIDES,
    WITH_STREAMS = 8,    /* only where the device has streams */
    BY_ELEMENT = 16,     /* at elements 1 to the number of channels, not at the main element */
    LIST = 32,           /* cut to whole elements */
    VARIES = 64,         /* one value whose size only the getter knows */
    BY_UID = 128,        /* the qualifier is a CFString */
    BY_ITEM = 256,       /* the qualifier is a UInt32 */
    IS_REFERENCE = 512,  /* a CFString or CFURL */
};

struct row {
    UInt32 selector;
    UInt32 where;
    UInt32 size;
    OSStatus (*get)(const query *, answer *);                 /* with the lock */
    OSStatus (*set)(const query *, UInt32 size, const void *); /* with the lock; NULL: not settable */
};

typedef struct subject {
    pthread_mutex_t lock;
    atomic_uint references;
    _Atomic(AudioServerPlugInHostRef) host;
    dispatch_queue_t queue;
    UInt64 actions; /* numbers for configuration changes */
    uint64_t ticks_numerator, ticks_denominator; /* ticks per second, as a fraction */
    _Atomic UInt32 acquired;
    UInt32 box_identify, source, mute;
    Float32 volume; /* 0 ... 1 */
    CFStringRef box_name, memo;
} subject;

extern subject state;
extern device desk, wire;
extern const row plugin_rows[], box_rows[], desk_rows[], wire_rows[], stream_rows[];
extern const row level_rows[], toggle_rows[], selector_rows[];

static inline void lock(void)
{
    pthread_mutex_lock(&state.lock);
}

static inline void unlock(void)
{
    pthread_mutex_unlock(&state.lock);
}

/* --- life.c --- */
bool is_ours(const void *driver);
void set_up(device *d);

/* --- host.c: all with the lock; what they queue runs later, without it --- */
void notify(AudioObjectID object, UInt32 first, UInt32 second);
void store(const char *key, CFStringRef value);
void ask_host(device *d);
CFStringRef stored_text(const char *key);

/* --- objects.c --- */
const thing *thing_at(AudioObjectID object);
device *device_at(AudioObjectID object);
stream *stream_at(device *d, AudioObjectID object, bool input);
bool is_kind_of(const thing *t, AudioClassID class);
UInt32 side_of(const thing *t);
UInt32 channels_at(const device *d, UInt32 scope);
OSStatus list_objects(answer *a, AudioObjectID owner, AudioClassID class, UInt32 scope);

/* --- answers.c --- */
OSStatus number(answer *a, UInt32 value);
OSStatus text(answer *a, const char *value);
OSStatus reference(answer *a, CFTypeRef value);
OSStatus zero(const query *q, answer *a);
OSStatus one(const query *q, answer *a);
OSStatus get_base(const query *q, answer *a);
OSStatus get_class(const query *q, answer *a);
OSStatus get_owner(const query *q, answer *a);
OSStatus get_owned(const query *q, answer *a);
OSStatus get_name(const query *q, answer *a);
OSStatus get_maker(const query *q, answer *a);
OSStatus get_version(const query *q, answer *a);
OSStatus get_transport(const query *q, answer *a);
OSStatus set_flag(const query *q, UInt32 *flag, const void *data);
OSStatus set_text(CFStringRef *held, const void *data, bool *changed);

/* --- controls.c --- */
void apply_controls(void);
AudioStreamBasicDescription format_of(const stream *s, UInt32 kind, UInt32 rate);

/* --- configuration.c --- */
OSStatus want(device *d, const setup *wanted);
void give_up(device *d);
bool offers_rate(const device *d, Float64 rate);

/* --- clock.c --- */
void clock_begin(device_clock *c, uint64_t rate);
line_values clock_line(device_clock *c);
uint64_t frames_in(uint64_t ticks, uint64_t rate);
uint64_t ticks_of(uint64_t frames, uint64_t rate);

/* --- ring.c --- */
void ring_clear(ring *r);
void ring_write(stream *s, int64_t time, UInt32 frames, const void *audio, Float32 gain);
void ring_read(stream *s, int64_t time, UInt32 frames, void *audio);

/* --- clients.c --- */
void clients_drop_all(device *d);
OSStatus get_clients(const query *q, answer *a);

/* --- entries of the driver's table, by the file they are in --- */
#define DRIVER AudioServerPlugInDriverRef
#define ADDRESS const AudioObjectPropertyAddress *
#define CYCLE const AudioServerPlugInIOCycleInfo *
Boolean subject_has(DRIVER, AudioObjectID, pid_t, ADDRESS);
OSStatus subject_settable(DRIVER, AudioObjectID, pid_t, ADDRESS, Boolean *);
OSStatus subject_size(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32 *);
OSStatus subject_get(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32, UInt32 *, void *);
OSStatus subject_set(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32, const void *);
OSStatus subject_add_client(DRIVER, AudioObjectID, const AudioServerPlugInClientInfo *);
OSStatus subject_remove_client(DRIVER, AudioObjectID, const AudioServerPlugInClientInfo *);
OSStatus subject_perform(DRIVER, AudioObjectID, UInt64, void *);
OSStatus subject_abort(DRIVER, AudioObjectID, UInt64, void *);
OSStatus subject_start(DRIVER, AudioObjectID, UInt32);
OSStatus subject_stop(DRIVER, AudioObjectID, UInt32);
OSStatus subject_zero_time_stamp(DRIVER, AudioObjectID, UInt32, Float64 *, UInt64 *, UInt64 *);
OSStatus subject_will_do(DRIVER, AudioObjectID, UInt32, UInt32, Boolean *, Boolean *);
OSStatus subject_begin(DRIVER, AudioObjectID, UInt32, UInt32, UInt32, CYCLE);
OSStatus subject_do(DRIVER, AudioObjectID, AudioObjectID, UInt32, UInt32, UInt32, CYCLE, void *, void *);
OSStatus subject_end(DRIVER, AudioObjectID, UInt32, UInt32, UInt32, CYCLE);

#endif
