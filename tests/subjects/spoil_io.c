/* Defects of the clock, of start and stop, and of IO. */

#include "spoil.h"

#include <unistd.h>

static int64_t cursors[LAST_OBJECT + 1]; /* where each stream's next read would be, if it counted itself */

/* --- time lines --- */

static void begin_at_48_kHz(device_clock *c)
{
    uint64_t number = atomic_load(&c->count) + 1;
    line *l = &c->lines[number % LINES];
    atomic_store(&l->anchor, mach_absolute_time());
    atomic_store(&l->rate, 48000);
    atomic_store(&l->seed, number);
    atomic_store(&c->count, number);
}

/* True: the line has begun here. */
bool spoil_line(device_clock *c)
{
    if (!defect(clock_keeps_old_rate))
        return false;
    begin_at_48_kHz(c);
    return true;
}

/* Moves the line that readers use, and its seed too or not; meanwhile they see half of it. */
static void move_line(device *d)
{
    line *l = &d->clock.lines[atomic_load(&d->clock.count) % LINES];
    if (defect(stamp_torn)) {
        atomic_fetch_add(&l->seed, 1000);
        usleep(30000);
    }
    atomic_store(&l->anchor, mach_absolute_time());
}

static bool is_client(device *d, UInt32 id)
{
    bool found = id == kAudioServerPlugInHostClientID;
    lock();
    for (const client *c = d->clients; c; c = c->next)
        found |= c->id == id;
    unlock();
    return found;
}

/* The device to start, or NULL to refuse. */
device *spoil_start(device *d, UInt32 client_id)
{
    if (defect(unknown_client_refused) && !is_client(d, client_id))
        return NULL;
    if (atomic_load(&d->started) && (defect(second_start_reanchors) || defect(stamp_torn)))
        move_line(d);
    return d;
}

static device *other_device(const device *d)
{
    return d == &desk ? &wire : &desk;
}

OSStatus spoil_started(device *d, OSStatus status)
{
    static bool failed;
    memset(cursors, -1, sizeof cursors);
    if (!status && defect(failed_start_counted) && !failed) {
        failed = true;
        return kAudioHardwareNotReadyError;
    }
    if (!status && defect(devices_share_start)) {
        clock_begin(&other_device(d)->clock, 48000);
        atomic_fetch_add(&other_device(d)->started, 1);
    }
    return status;
}

/* True: the call ends here with `status`. With the lock. */
bool spoil_stop(device *d, OSStatus *status)
{
    *status = 0;
    if (defect(devices_share_start) && atomic_load(&other_device(d)->started))
        atomic_fetch_sub(&other_device(d)->started, 1);
    if (!defect(stop_goes_below_zero) || atomic_load(&d->started))
        return false;
    atomic_fetch_sub(&d->started, 1);
    return true;
}

/* --- zero time stamps --- */

typedef struct stamp {
    device *device;
    const line_values *line;
    Float64 *sample;
    UInt64 *host, *seed;
} stamp;

static void set_frame(const stamp *s, uint64_t frame)
{
    *s->sample = (Float64)frame;
    *s->host = s->line->anchor + ticks_of(frame, s->line->rate);
}

/* What BlackHole and libASPL do: one period further at most, however late the call is. */
static void catch_up_slowly(const stamp *s)
{
    static struct { uint64_t frame, seed; } last[2];
    int i = s->device == &wire;
    uint64_t frame = (uint64_t)*s->sample;
    if (last[i].seed == *s->seed && frame > last[i].frame + PERIOD)
        frame = last[i].frame + PERIOD;
    set_frame(s, frame);
    last[i].frame = frame;
    last[i].seed = *s->seed;
}

static void truncate_ticks(const stamp *s, uint64_t now)
{
    uint64_t per_frame = state.ticks_numerator / state.ticks_denominator / s->line->rate;
    uint64_t frame = (now - s->line->anchor) / per_frame / PERIOD * PERIOD;
    *s->sample = (Float64)frame;
    *s->host = s->line->anchor + frame * per_frame;
}

static void spoil_place(const stamp *s, uint64_t now, uint64_t calls)
{
    uint64_t frame = (uint64_t)*s->sample;
    if (defect(stamp_in_future))
        *s->host += ticks_of(PERIOD, s->line->rate);
    if (defect(stamp_one_period_per_call))
        catch_up_slowly(s);
    if (defect(stamp_moves) && frame)
        *s->host -= calls % 2;
    if (defect(stamp_spacing_off))
        set_frame(s, frame - frame / PERIOD % 2);
    if (defect(stamp_truncates_ticks))
        truncate_ticks(s, now);
    if (defect(stamp_goes_back) && calls % 3 == 0 && frame >= 2 * PERIOD)
        set_frame(s, frame - 2 * PERIOD);
    if (defect(stamp_wraps_at_32_bits))
        *s->sample = (UInt32)frame;
}

OSStatus spoil_stamp(device *d, const line_values *l, uint64_t now, Float64 *sample, UInt64 *host, UInt64 *seed)
{
    static atomic_ullong calls;
    stamp s = {d, l, sample, host, seed};
    uint64_t call = atomic_fetch_add(&calls, 1);
    spoil_place(&s, now, call);
    if (defect(seed_constant))
        *seed = 1;
    if (defect(seed_changes_always))
        *seed = *seed * 1000000 + call;
    if (defect(stamp_locks)) {
        lock();
        unlock();
    }
    return defect(stamp_not_at_once) && *sample == 0 ? kAudioHardwareNotRunningError : 0;
}

/* --- operations --- */

int64_t spoil_time(const stream *s, int64_t time, UInt32 frames)
{
    if (defect(sample_time_ignored))
        return 0;
    if (defect(sample_time_saturates_at_32_bits) && time > UINT32_MAX)
        return UINT32_MAX;
    if (defect(negative_time_mirrored) && time < 0)
        return -time;
    if (!defect(reads_share_cursor) || !s->input)
        return time;
    int64_t first = cursors[s->id] < 0 ? time : cursors[s->id];
    cursors[s->id] = first + frames;
    return first;
}

OSStatus spoil_other(UInt32 frames, void *audio)
{
    if (defect(unpromised_operation_done) && audio)
        memset(audio, 0, frames * sizeof(Float32));
    return 0;
}

static void touch_nothing(void)
{
    static int *volatile nowhere;
    *nowhere = 1;
}

/* A copy on the heap, as an effect with a temporary buffer makes it. */
static void allocate(UInt32 frames)
{
    volatile char *scratch = malloc(frames * sizeof(Float32) + 1);
    scratch[0] = 0;
    free((void *)scratch);
}

static void print(const stream *s, UInt32 frames)
{
    static FILE *log;
    if (!log)
        log = fopen("/dev/null", "w");
    fprintf(log, "stream %u: %u frames\n", s->id, frames);
}

static void spoil_realtime(const stream *s, UInt32 frames)
{
    AudioObjectPropertyAddress active = {kAudioStreamPropertyIsActive, kAudioObjectPropertyScopeGlobal, 0};
    AudioServerPlugInHostRef host = atomic_load(&state.host);
    if (defect(io_allocates))
        allocate(frames);
    if (defect(io_prints))
        print(s, frames);
    if (defect(io_locks)) {
        lock();
        unlock();
    }
    if (defect(notifies_from_io))
        host->PropertiesChanged(host, s->id, 1, &active);
}

/* True: the call ends here with `status`. */
bool spoil_do(device *d, stream *s, UInt32 frames, OSStatus *status)
{
    bool begun = atomic_load(&d->clock.count) > 0, runs = atomic_load(&d->started) > 0;
    bool too_early = !begun && !s->input, too_late = begun && !runs;
    if ((defect(write_before_start_crashes) && too_early) || (defect(io_after_stop_crashes) && too_late))
        touch_nothing();
    spoil_realtime(s, frames);
    *status = kAudioHardwareUnspecifiedError;
    return defect(scratch_too_small) && frames * s->channels > 4096;
}

static bool is_silent(const unsigned char *audio, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (audio[i])
            return false;
    return true;
}

OSStatus spoil_done(device *d, stream *s, UInt32 frames, void *audio, OSStatus status)
{
    Float32 *samples = audio;
    bool floats = atomic_load(&s->kind) == FLOAT32;
    if (defect(gain_twice) && s->input && floats)
        for (UInt32 i = 0; i < frames * s->channels; i++)
            samples[i] *= atomic_load(&d->gain);
    if (defect(silence_is_error) && s->input && floats && is_silent(audio, frames * s->channels * sizeof *samples))
        return kAudioHardwareNotReadyError;
    return status;
}
