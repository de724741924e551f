/* StartIO to EndIOOperation through the trace; included by trace.h. Realtime threads. */

static void io_call_begin(trace_driver *t, unsigned kind, AudioObjectID device, UInt32 client)
{
    trace_record r;
    if (!call_begin(&r, t, kind))
        return;
    put(&r, device);
    put(&r, client);
    put_end(&r);
}

static OSStatus trace_start(AudioServerPlugInDriverRef self, AudioObjectID device, UInt32 client)
{
    trace_driver *t = trace_find(self);
    io_call_begin(t, 16, device, client);
    OSStatus status = (*t->driver)->StartIO(trace_pass(t, self), device, client);
    answer(status);
    return status;
}

static OSStatus trace_stop(AudioServerPlugInDriverRef self, AudioObjectID device, UInt32 client)
{
    trace_driver *t = trace_find(self);
    io_call_begin(t, 17, device, client);
    OSStatus status = (*t->driver)->StopIO(trace_pass(t, self), device, client);
    answer(status);
    return status;
}

static OSStatus trace_stamp(AudioServerPlugInDriverRef self, AudioObjectID device, UInt32 client, Float64 *sample,
                            UInt64 *host, UInt64 *seed)
{
    trace_driver *t = trace_find(self);
    trace_record r;
    if (call_begin(&r, t, 18)) {
        put(&r, (sample ? 0 : MISSING_OUT) | (host ? 0 : MISSING_OUT_2) | (seed ? 0 : MISSING_DATA));
        put(&r, device);
        put(&r, client);
        put_end(&r);
    }
    OSStatus status = (*t->driver)->GetZeroTimeStamp(trace_pass(t, self), device, client, sample, host, seed);
    int given = !status && sample && host && seed;
    if (answer_begin(&r, status)) {
        if (given) {
            uint64_t bits;
            memcpy(&bits, sample, sizeof bits);
            put_next_real(&r, &r.thread->sample, bits);
            put_next(&r, &r.thread->host, *host);
            put_next(&r, &r.thread->seed, *seed);
        }
        put_end(&r);
    }
    return status;
}

static OSStatus trace_will_do(AudioServerPlugInDriverRef self, AudioObjectID device, UInt32 client, UInt32 operation,
                              Boolean *will, Boolean *in_place)
{
    trace_driver *t = trace_find(self);
    trace_record r;
    if (call_begin(&r, t, 19)) {
        put(&r, (will ? 0 : MISSING_OUT) | (in_place ? 0 : MISSING_OUT_2));
        put(&r, device);
        put(&r, client);
        put_code(&r, operation);
        put_end(&r);
    }
    OSStatus status = (*t->driver)->WillDoIOOperation(trace_pass(t, self), device, client, operation, will, in_place);
    if (answer_begin(&r, status)) {
        put(&r, !status && will ? *will : 0);
        put(&r, !status && in_place ? *in_place : 0);
        put_end(&r);
    }
    return status;
}

/* Operations are written as their place in this list, others as 15 and their code. */
static void put_operation(trace_record *r, UInt32 operation)
{
    static const UInt32 known[] = {'thrd', 'cycl', 'read', 'cinp', 'pinp', 'pout', 'mixo', 'pmix', 'cmix', 'rite'};
    unsigned i = 0;
    while (i < sizeof known / sizeof *known && known[i] != operation)
        i++;
    put_byte(r, i < sizeof known / sizeof *known ? i : 15);
    if (i == sizeof known / sizeof *known)
        put_code(r, operation);
}

static void around_begin(trace_driver *t, unsigned kind, AudioObjectID device, UInt32 client, UInt32 operation,
                         UInt32 frames, const AudioServerPlugInIOCycleInfo *info)
{
    trace_record r;
    if (!call_begin(&r, t, kind))
        return;
    put(&r, device);
    put(&r, client);
    put_operation(&r, operation);
    put(&r, frames);
    put_cycle(&r, info);
    put_end(&r);
}

static OSStatus trace_begin(AudioServerPlugInDriverRef self, AudioObjectID device, UInt32 client, UInt32 operation,
                            UInt32 frames, const AudioServerPlugInIOCycleInfo *info)
{
    trace_driver *t = trace_find(self);
    around_begin(t, 20, device, client, operation, frames, info);
    OSStatus status = (*t->driver)->BeginIOOperation(trace_pass(t, self), device, client, operation, frames, info);
    answer(status);
    return status;
}

static OSStatus trace_end(AudioServerPlugInDriverRef self, AudioObjectID device, UInt32 client, UInt32 operation,
                          UInt32 frames, const AudioServerPlugInIOCycleInfo *info)
{
    trace_driver *t = trace_find(self);
    around_begin(t, 22, device, client, operation, frames, info);
    OSStatus status = (*t->driver)->EndIOOperation(trace_pass(t, self), device, client, operation, frames, info);
    answer(status);
    return status;
}

/* Bytes of an operation's buffer: ReadInput and WriteMix have the stream's own format, the others Float32. */
static size_t buffer_size(trace_driver *t, AudioObjectID stream, UInt32 operation, UInt32 frames)
{
    int native = operation == kAudioServerPlugInIOOperationReadInput || operation == kAudioServerPlugInIOOperationWriteMix;
    for (int i = 0; i < TRACE_STREAMS && t->streams[i].id; i++)
        if (t->streams[i].id == stream)
            return (size_t)frames * (native ? t->streams[i].bytes : 4 * t->streams[i].channels);
    return 0;
}

static OSStatus trace_do(AudioServerPlugInDriverRef self, AudioObjectID device, AudioObjectID stream, UInt32 client,
                         UInt32 operation, UInt32 frames, const AudioServerPlugInIOCycleInfo *info, void *main, void *second)
{
    trace_driver *t = trace_find(self);
    size_t size = main || second ? buffer_size(t, stream, operation, frames) : 0;
    int reads = operation == kAudioServerPlugInIOOperationReadInput; /* before it, the buffer holds nothing */
    uint64_t before = 0;
    trace_record r;
    if (call_begin(&r, t, 21)) {
        put(&r, (main ? 0 : MISSING_DATA) | (second ? 0 : MISSING_SECOND));
        put(&r, device);
        put(&r, stream);
        put(&r, client);
        put_operation(&r, operation);
        put(&r, frames);
        put_cycle(&r, info);
        put(&r, size);
        before = put_audio(&r, reads ? NULL : main, size);
        put_end(&r);
    }
    OSStatus status =
        (*t->driver)->DoIOOperation(trace_pass(t, self), device, stream, client, operation, frames, info, main, second);
    if (answer_begin(&r, status)) {
        int same = !reads && main && size && before == (is_silence(main, size) ? 0 : trace_hash(main, size));
        if (same)
            put_byte(&r, AUDIO_SAME);
        else
            put_audio(&r, main, size);
        put_audio(&r, second, size);
        put_end(&r);
    }
    return status;
}
