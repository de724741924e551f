/*
 * The device's time line and the cycle's place on it; included by host_engine.h.
 *
 * hal-protocol.md C5: the rules for zero time stamps, and input and output around the present.
 */

static void engine_forget_place(host_engine *e);

/* Whether nobody else has a place on the line. With the mix's lock. */
static int mix_is_for(const host_mix *m, const host_engine *e)
{
    for (int i = 0; i < m->count; i++)
        if (m->members[i] != e && m->members[i]->synced)
            return 0;
    return 1;
}

/* Rules for a stamp of the line that is known already. */
static int stamp_check(host_engine *e, double sample, uint64_t host, uint64_t now)
{
    double frames = sample - e->stamp_sample;
    double ticks = (double)host - (double)e->stamp_host;
    double expected = frames * e->ticks_per_frame;
    e->ticks[2] = e->stamp_host;
    if (frames == 0.0)
        return host == e->stamp_host ? 0 : engine_fault(e, FAULT_STAMP_MOVED, sample, sample, host, now);
    if (!(frames > 0.0))
        return engine_fault(e, FAULT_STAMP_BACKWARDS, sample, e->stamp_sample, host, now);
    if (fmod(frames, e->period) != 0.0)
        return engine_fault(e, FAULT_STAMP_SPACING, sample, e->stamp_sample, host, now);
    if (fabs(ticks - expected) > 1.0 + e->tolerance * expected)
        return engine_fault(e, FAULT_STAMP_RATE, sample, e->stamp_sample, host, now);
    e->skipped_periods += (uint64_t)(frames / e->period) - 1;
    return 0;
}

/* One GetZeroTimeStamp with every check. A new seed drops the cycle's place on the old line. */
static int engine_stamp(host_engine *e)
{
    double sample = NAN;
    uint64_t host = UINT64_MAX, seed = UINT64_MAX;
    uint64_t before = mach_absolute_time();
    uint64_t began = e->latency ? latency_now() : 0;
    guard_in(engine_guard);
    e->status = (*e->driver)->GetZeroTimeStamp(e->driver, e->device, e->client, &sample, &host, &seed);
    guard_out(engine_guard);
    if (e->latency)
        latency_add(e->latency, MEASURE_STAMP, latency_now() - began);
    uint64_t now = mach_absolute_time();
    if (e->status)
        return engine_fault(e, FAULT_STAMP_STATUS, 0, 0, 0, now);
    if (host > now || !isfinite(sample))
        return engine_fault(e, FAULT_STAMP_FUTURE, sample, 0, host, now);
    int same_line = e->anchored && seed == e->seed;
    if (same_line && stamp_check(e, sample, host, now))
        return e->fault;
    if (before > host && (double)(before - host) > e->period * e->ticks_per_frame * (1.0 + e->tolerance) + 1.0)
        return engine_fault(e, FAULT_STAMP_STALE, sample, e->period, host, before);
    if (!same_line)
        e->synced = 0, e->anchors++;
    e->anchored = 1;
    e->stamp_sample = sample;
    e->stamp_host = host;
    e->seed = seed;
    return 0;
}

/* When a frame of the line is due, in ticks. */
static uint64_t engine_host_time(const host_engine *e, int64_t frame)
{
    double ticks = ((double)frame - e->stamp_sample) * e->ticks_per_frame;
    if (ticks < 0.0 && -ticks > (double)e->stamp_host)
        return 0;
    return e->stamp_host + (uint64_t)(int64_t)ceil(ticks);
}

/* The first cycle, or the first after a jump or a new line: begins at the present. */
static void engine_sync(host_engine *e)
{
    if (e->mix)
        pthread_mutex_lock(&e->mix->lock);
    double since = ((double)mach_absolute_time() - (double)e->stamp_host) / e->ticks_per_frame;
    e->time = (int64_t)e->stamp_sample + (int64_t)floor(since);
    e->input_time = e->time - e->nominal - e->input_safety;
    e->output_time = e->time + e->nominal + e->output_safety;
    e->counter = 1;
    e->synced = 1;
    e->mixed_to = e->output_time;
    if (e->mix) {
        if (e->mix->position == e->mix->filled && mix_is_for(e->mix, e))
            e->mix->fresh = 2;
        pthread_mutex_unlock(&e->mix->lock);
    }
}

/* The next cycle begins at the present, with counter 1. */
static void engine_forget_place(host_engine *e)
{
    if (e->mix)
        pthread_mutex_lock(&e->mix->lock);
    e->synced = e->middle = 0;
    e->mixed_to = INT64_MIN;
    if (e->mix && e->mix->busy == e)
        e->mix->busy = NULL;
    if (e->mix)
        pthread_mutex_unlock(&e->mix->lock);
}

/* The client missed so many frames (or, negative, does them again): overload. The counter goes on. */
static void engine_skip(host_engine *e, int64_t frames)
{
    if (e->mix)
        pthread_mutex_lock(&e->mix->lock);
    e->time += frames;
    e->input_time += frames;
    e->output_time += frames;
    e->mixed_to = e->output_time;
    if (e->mix) {
        if (mix_is_for(e->mix, e))
            e->mix->fresh = 2;
        pthread_mutex_unlock(&e->mix->lock);
    }
}

static void time_stamp(const host_engine *e, AudioTimeStamp *stamp, int64_t frame, uint64_t host)
{
    stamp->mSampleTime = (double)frame;
    stamp->mHostTime = host;
    stamp->mRateScalar = 1.0;
    stamp->mFlags = kAudioTimeStampSampleTimeValid | kAudioTimeStampHostTimeValid | kAudioTimeStampRateScalarValid;
    (void)e;
}

static void engine_cycle_info(const host_engine *e, AudioServerPlugInIOCycleInfo *info)
{
    memset(info, 0, sizeof *info);
    info->mIOCycleCounter = e->counter;
    info->mNominalIOBufferFrameSize = e->nominal;
    time_stamp(e, &info->mCurrentTime, e->time, mach_absolute_time());
    time_stamp(e, &info->mInputTime, e->input_time, engine_host_time(e, e->input_time));
    time_stamp(e, &info->mOutputTime, e->output_time, engine_host_time(e, e->output_time));
    info->mMainHostTicksPerFrame = e->ticks_per_frame;
    info->mDeviceHostTicksPerFrame = e->ticks_per_frame;
}
