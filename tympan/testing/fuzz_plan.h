/* Making up calls that belong together: a client's beginning and end, IO cycles, a setting; included by fuzz.h.
 * A plan is calls without payload; the cycle info of IO calls is added as they leave it. */

static hal_call *plan_add(fuzz_thread *t, unsigned slot, UInt32 object, UInt32 client)
{
    static hal_call nowhere;
    if (t->planned == FUZZ_PLAN)
        return &nowhere;
    hal_call *c = &t->plan[t->planned++];
    memset(c, 0, sizeof *c);
    c->slot = (UInt8)slot;
    c->object = object;
    c->client = client;
    return c;
}

static UInt32 some_frames(fuzz_thread *t)
{
    static const UInt32 usual[] = {16, 32, 64, 128, 256, 512, 512, 512, 1024, 4096};
    if (odd(t, ODD_VALUES, 30))
        return below(t, 2) * 8192;
    return one_in(t, 3) ? 1 + below(t, 4096) : usual[below(t, 10)];
}

static void time_stamp_set(AudioTimeStamp *stamp, double sample, uint64_t host)
{
    memset(stamp, 0, sizeof *stamp);
    stamp->mSampleTime = sample;
    stamp->mHostTime = host;
    stamp->mRateScalar = 1.0;
    stamp->mFlags = kAudioTimeStampSampleTimeValid | kAudioTimeStampHostTimeValid | kAudioTimeStampRateScalarValid;
}

/* The next cycle of this thread on a device: times go on, sometimes with a jump. */
static void next_cycle(fuzz_thread *t, UInt32 device, UInt32 frames)
{
    static const double jumps[] = {-1e6, -1.0, 0.5, 1e6, 1e9, 4294967296.0, 1e12, 9e15, -9e15};
    fuzz_device *known = device_of(t->f, device);
    double *time = &t->times[known ? (size_t)(known - t->f->devices) : 0], at = *time;
    double ticks = t->f->ticks_per_second / (known && known->rate >= 1000.0 ? known->rate : 48000.0);
    AudioServerPlugInIOCycleInfo *info = &t->cycle;
    uint64_t now = mach_absolute_time();
    if (odd(t, ODD_VALUES, 20))
        at = one_in(t, 8) ? NAN : at + jumps[below(t, 9)];
    if (one_in(t, 50))
        *time = at = (double)below(t, 100000000);
    info->mIOCycleCounter++;
    info->mNominalIOBufferFrameSize = frames;
    time_stamp_set(&info->mCurrentTime, at, now);
    time_stamp_set(&info->mInputTime, at - frames, now);
    time_stamp_set(&info->mOutputTime, at + frames, now);
    info->mMainHostTicksPerFrame = info->mDeviceHostTicksPerFrame = ticks;
    *time += frames;
}

/* Clock, stamp, and every operation that was promised, as Begin, Do per stream, End. */
static void plan_cycle(fuzz_thread *t)
{
    UInt32 device = some_device(t), client = some_client(t), frames = some_frames(t);
    fuzz_device *known = device_of(t->f, device);
    next_cycle(t, device, frames);
    plan_add(t, STEP_ADVANCE, 0, 0)->action = (UInt64)(frames * t->cycle.mMainHostTicksPerFrame);
    plan_add(t, CALL_STAMP, device, client);
    for (unsigned i = 1; i < 10; i++) {
        if (!(known && known->promised >> i & 1) && !odd(t, ODD_ORDER, 40))
            continue;
        hal_call *begin = plan_add(t, CALL_BEGIN, device, client);
        begin->selector = OPERATIONS[i];
        begin->amount = frames;
        for (unsigned n = i > 1 ? 1 + one_in(t, 8) : 0; n; n--) {
            hal_call *c = plan_add(t, CALL_DO, device, client);
            c->selector = OPERATIONS[i];
            c->amount = frames;
            c->stream = some_stream(t, device, i <= 4);
            c->fill = below(t, 4);
            c->nulls = NULL_SECOND;
            if (odd(t, ODD_NULLS, 100))
                c->nulls |= one_in(t, 2) ? NULL_DATA : NULL_ADDRESS;
        }
        hal_call *end = plan_add(t, CALL_END, device, client);
        end->selector = OPERATIONS[i];
        end->amount = frames;
    }
}

static void plan_start(fuzz_thread *t)
{
    UInt32 device = some_device(t), client = some_client(t);
    plan_add(t, CALL_ADD_CLIENT, device, client);
    for (unsigned i = 0; i < 10 && one_in(t, 2); i++)
        plan_add(t, CALL_WILL_DO, device, client)->selector = OPERATIONS[i];
    plan_add(t, CALL_START, device, client);
    plan_add(t, CALL_STAMP, device, client);
}

static void plan_stop(fuzz_thread *t)
{
    UInt32 device = some_device(t), client = some_client(t);
    plan_add(t, CALL_STOP, device, client);
    if (!one_in(t, 3))
        plan_add(t, CALL_REMOVE_CLIENT, device, client);
}

/* One call that belongs to the above, without its neighbours. */
static void plan_single(fuzz_thread *t)
{
    static const UInt8 slots[] = {CALL_ADD_CLIENT, CALL_REMOVE_CLIENT, CALL_START, CALL_STOP, CALL_STAMP, CALL_STAMP,
                                  CALL_WILL_DO, CALL_BEGIN, CALL_DO, CALL_END};
    hal_call *c = plan_add(t, slots[below(t, sizeof slots)], some_device(t), some_client(t));
    c->selector = one_in(t, 10) ? (UInt32)fuzz_random(t) : OPERATIONS[below(t, 10)];
    c->amount = some_frames(t);
    c->stream = some_stream(t, c->object, -1);
    c->nulls = c->slot == CALL_DO && !one_in(t, 8) ? NULL_SECOND : 0;
    next_cycle(t, c->object, c->amount);
    if (odd(t, ODD_NULLS, 10))
        c->nulls |= (UInt8)(2u << below(t, 4));
}

static void plan_step(fuzz_thread *t)
{
    static const UInt64 ticks[] = {0, 1, 1000, 1000000, 20000000, 1000000000ull, 60000000000ull, 8640000000000000ull};
    static const UInt8 steps[] = {STEP_PUMP, STEP_PUMP, STEP_PUMP, STEP_ADVANCE, STEP_ADVANCE, STEP_PERFORM, STEP_PERFORM,
                                  STEP_ABORT, STEP_POLICY};
    hal_call *c = plan_add(t, steps[below(t, sizeof steps)], 0, 0);
    if (c->slot == STEP_ADVANCE)
        c->action = one_in(t, 200) ? ticks[below(t, 8)] : ticks[below(t, 5)];
    if (c->slot == STEP_PERFORM)
        c->policy = !odd(t, ODD_ORDER, 8);
    if (c->slot == STEP_POLICY)
        c->policy = (UInt16)(below(t, 2) | below(t, 3) << 1 | (!one_in(t, 4)) << 3);
}

/* --- the next call ------------------------------------------------------------------------------ */

/* From the plan into the log; the payload of a client is its bundle id, of an IO call the cycle info. */
static void plan_next(fuzz_thread *t, hal_call *c)
{
    *c = t->plan[t->next++];
    if (t->next == t->planned)
        t->next = t->planned = 0;
    if (c->slot >= CALL_BEGIN && c->slot <= CALL_END)
        payload(c, 0, &t->cycle, sizeof t->cycle);
    if (c->slot == CALL_ADD_CLIENT || c->slot == CALL_REMOVE_CLIENT) {
        c->pid = 501 + (SInt32)c->client;
        c->flag = 1;
        if (!odd(t, ODD_VALUES, 8)) {
            c->data_kind = CONTENT_STRING;
            payload(c, 1, "org.example.player", 18);
        }
    }
}

/* Makes up a call at `c`, in the log. */
static void fuzz_make(fuzz_thread *t, hal_call *c)
{
    memset(c, 0, sizeof *c);
    if (!t->planned) {
        UInt32 chance = below(t, 100);
        if (chance < 60) {
            some_property(t, c);
        } else if (chance < 63) {
            some_life(t, c);
        } else {
            (chance < 80 ? plan_cycle : chance < 85 ? plan_start : chance < 88 ? plan_stop : chance < 93 ? plan_single
             : plan_step)(t);
        }
    }
    if (t->planned)
        plan_next(t, c);
    c->thread = (UInt8)t->index;
}

static size_t call_size(const hal_call *c)
{
    return (sizeof *c + c->qualifier_size + c->data_size + 7) / 8 * 8;
}
