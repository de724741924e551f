/*
 * A cycle as steps, each with one call of the driver at most; included by host_engine.h.
 *
 * The order is hal-protocol.md C5's. What WillDoIOOperation promised decides which
 * steps there are; what it did not, the host does itself (conversion) or leaves out.
 */

static void plan_add(host_engine *e, int kind, int op, int stream)
{
    e->plan[e->plan_count++] = (host_step){(unsigned char)kind, (unsigned char)op, (unsigned char)stream};
}

static void plan_operation(host_engine *e, int op)
{
    int streams = op <= OP_PROCESS_INPUT ? e->input_count : e->output_count;
    if (!e->ops[op].will)
        return;
    plan_add(e, STEP_BEGIN, op, 0);
    for (int i = 0; i < streams; i++)
        plan_add(e, STEP_DO, op, i);
    plan_add(e, STEP_END, op, 0);
}

static void plan_mix(host_engine *e)
{
    plan_add(e, STEP_SUBMIT, 0, 0);
    e->take_at = e->plan_count;
    plan_add(e, STEP_TAKE, 0, 0);
    plan_operation(e, OP_PROCESS_MIX);
    plan_operation(e, OP_CONVERT_MIX);
    if (!e->ops[OP_CONVERT_MIX].will)
        plan_add(e, STEP_NATIVE, 0, 0);
    plan_operation(e, OP_WRITE);
    plan_add(e, STEP_AGAIN, 0, 0);
    e->after_mix = e->plan_count;
}

static void plan_input(host_engine *e)
{
    if (!e->ops[OP_READ].will)
        return;
    plan_operation(e, OP_READ);
    plan_operation(e, OP_CONVERT_INPUT);
    if (!e->ops[OP_CONVERT_INPUT].will)
        plan_add(e, STEP_CANONICAL, 0, 0);
    plan_operation(e, OP_PROCESS_INPUT);
    plan_add(e, STEP_HEAR, 0, 0);
}

static void engine_plan(host_engine *e)
{
    const host_will *ops = e->ops;
    e->plan_count = e->at = 0;
    e->mixes = !ops[OP_MIX_OUTPUT].will && (ops[OP_PROCESS_MIX].will || ops[OP_CONVERT_MIX].will || ops[OP_WRITE].will);
    plan_add(e, STEP_STAMP, 0, 0);
    if (ops[OP_CYCLE].will)
        plan_add(e, STEP_BEGIN, OP_CYCLE, 0);
    plan_input(e);
    if (e->mixes || ops[OP_PROCESS_OUTPUT].will || ops[OP_MIX_OUTPUT].will)
        plan_add(e, STEP_PLAY, 0, 0);
    plan_operation(e, OP_PROCESS_OUTPUT);
    plan_operation(e, OP_MIX_OUTPUT);
    if (e->mixes)
        plan_mix(e);
    if (ops[OP_CYCLE].will)
        plan_add(e, STEP_END, OP_CYCLE, 0);
}

/* --- calls ------------------------------------------------------------- */

static int is_mixing(int op)
{
    return op >= OP_PROCESS_MIX;
}

static int engine_edge(host_engine *e, int begin, int op)
{
    AudioServerPlugInDriverInterface *table = *e->driver;
    UInt32 client = is_mixing(op) ? e->mix_client : e->client, frames = is_mixing(op) ? e->mix_frames : e->frames;
    const AudioServerPlugInIOCycleInfo *info = is_mixing(op) ? &e->mix_info : &e->info;
    uint64_t began = e->latency ? latency_now() : 0;
    OSStatus status;
    guard_in(engine_guard);
    if (begin)
        status = table->BeginIOOperation(e->driver, e->device, client, op_codes[op], frames, info);
    else
        status = table->EndIOOperation(e->driver, e->device, client, op_codes[op], frames, info);
    guard_out(engine_guard);
    if (e->latency)
        latency_add(e->latency, begin ? MEASURE_BEGIN : MEASURE_END, latency_now() - began);
    return engine_status(e, status, begin ? "BeginIOOperation" : "EndIOOperation", op_codes[op]);
}

static OSStatus engine_call_do(host_engine *e, host_stream *s, int op, UInt32 frames, void *second)
{
    UInt32 client = is_mixing(op) ? e->mix_client : e->client;
    const AudioServerPlugInIOCycleInfo *info = is_mixing(op) ? &e->mix_info : &e->info;
    uint64_t began = e->latency ? latency_now() : 0;
    guard_in(engine_guard);
    OSStatus status = (*e->driver)->DoIOOperation(e->driver, e->device, s->id, client, op_codes[op], frames,
                                                  (AudioServerPlugInIOCycleInfo *)info, s->now->data, second);
    guard_out(engine_guard);
    if (e->latency)
        latency_add(e->latency, MEASURE_DO, latency_now() - began);
    return status;
}

/* Bytes of the main buffer that an operation may use, and of the secondary one. */
static size_t main_bytes(const host_stream *s, int op, int in_place, UInt32 frames)
{
    int converts = op == OP_CONVERT_INPUT || op == OP_CONVERT_MIX;
    if (converts && in_place)
        return larger_bytes(s, frames);
    return op == OP_READ || op == OP_CONVERT_INPUT || op == OP_WRITE ? native_bytes(s, frames) : canonical_bytes(s, frames);
}

static size_t second_bytes(const host_stream *s, int op, UInt32 frames)
{
    return op == OP_CONVERT_MIX ? native_bytes(s, frames) : canonical_bytes(s, frames);
}

static int engine_unfilled(host_engine *e, host_stream *s, int fault, UInt32 operation, UInt32 frames)
{
    e->facts[0] = s->id;
    e->facts[2] = frames;
    e->operation = operation;
    return e->fault = fault;
}

static int engine_do_in_place(host_engine *e, host_stream *s, int op, UInt32 frames)
{
    size_t bytes = main_bytes(s, op, 1, frames);
    if (op == OP_READ) {
        s->now = &s->native;
        prefill(s, s->now, s->kind, frames);
    }
    guards_set(s->now, bytes);
    if (engine_status(e, engine_call_do(e, s, op, frames, NULL), "DoIOOperation", op_codes[op]))
        return e->fault;
    if (guards_check(e, s, s->now, bytes, frames, op_codes[op]))
        return e->fault;
    if (op == OP_READ && prefill_left(s, s->now, s->kind, frames, &e->facts[1]))
        return engine_unfilled(e, s, FAULT_UNFILLED, op_codes[op], frames);
    return 0;
}

/* The result has to be in the secondary buffer, which goes on as the stream's audio. */
static int engine_do_aside(host_engine *e, host_stream *s, int op, UInt32 frames)
{
    host_buffer *second = s->now == &s->spare ? &s->canonical : &s->spare;
    int kind = op == OP_CONVERT_MIX ? s->kind : HOST_FLOAT32;
    size_t first_size = main_bytes(s, op, 0, frames), second_size = second_bytes(s, op, frames);
    prefill(s, second, kind, frames);
    guards_set(s->now, first_size);
    guards_set(second, second_size);
    if (engine_status(e, engine_call_do(e, s, op, frames, second->data), "DoIOOperation", op_codes[op]))
        return e->fault;
    if (guards_check(e, s, s->now, first_size, frames, op_codes[op]) ||
        guards_check(e, s, second, second_size, frames, op_codes[op]))
        return e->fault;
    if (prefill_left(s, second, kind, frames, &e->facts[1]))
        return engine_unfilled(e, s, FAULT_SECONDARY, op_codes[op], frames);
    s->now = second;
    return 0;
}

static int engine_do(host_engine *e, int op, int stream)
{
    host_stream *s = op <= OP_PROCESS_INPUT ? &e->inputs[stream] : &e->outputs[stream];
    UInt32 frames = is_mixing(op) ? e->mix_frames : e->frames;
    return e->ops[op].in_place ? engine_do_in_place(e, s, op, frames) : engine_do_aside(e, s, op, frames);
}

/* --- the host's own steps ------------------------------------------------- */

static void engine_canonical(host_engine *e)
{
    for (int i = 0; i < e->input_count; i++) {
        host_stream *s = &e->inputs[i];
        if (s->kind == HOST_FLOAT32)
            continue;
        samples_from_stream(s->kind, s->now->data, s->channels, (float *)s->canonical.data, s->channels, 0, e->frames);
        s->now = &s->canonical;
    }
}

static void engine_hear(host_engine *e)
{
    for (int i = 0; e->input && i < e->input_count; i++) {
        host_stream *s = &e->inputs[i];
        samples_from_stream(HOST_FLOAT32, s->now->data, s->channels, e->input, e->input_channels, s->first, e->frames);
    }
}

static void engine_play(host_engine *e)
{
    for (int i = 0; i < e->output_count; i++) {
        host_stream *s = &e->outputs[i];
        s->now = &s->canonical;
        if (e->output)
            samples_to_stream(HOST_FLOAT32, s->now->data, s->channels, e->output, e->output_channels, s->first, e->frames);
        else
            memset(s->now->data, 0, canonical_bytes(s, e->frames));
    }
}

static void engine_native(host_engine *e)
{
    for (int i = 0; i < e->output_count; i++) {
        host_stream *s = &e->outputs[i];
        if (s->kind == HOST_FLOAT32)
            continue;
        samples_to_stream(s->kind, s->native.data, s->channels, (const float *)s->now->data, s->channels, 0,
                          e->mix_frames);
        s->now = &s->native;
    }
}

static void engine_take(host_engine *e)
{
    if (!mix_take(e)) {
        e->at = e->after_mix;
        return;
    }
    for (int i = 0; i < e->output_count; i++)
        e->outputs[i].now = &e->outputs[i].canonical;
    e->mix_info = e->info;
    time_stamp(e, &e->mix_info.mOutputTime, e->mix_time, engine_host_time(e, e->mix_time));
}

static void engine_begin_line(host_engine *e)
{
    if (engine_stamp(e))
        return;
    if (!e->synced)
        engine_sync(e);
    engine_cycle_info(e, &e->info);
}

/* One step; 1 when it called the driver. */
static int engine_one(host_engine *e, host_step step)
{
    switch (step.kind) {
    case STEP_STAMP: engine_begin_line(e); return 1;
    case STEP_BEGIN: engine_edge(e, 1, step.op); return 1;
    case STEP_DO: engine_do(e, step.op, step.stream); return 1;
    case STEP_END: engine_edge(e, 0, step.op); return 1;
    case STEP_CANONICAL: engine_canonical(e); return 0;
    case STEP_HEAR: engine_hear(e); return 0;
    case STEP_PLAY: engine_play(e); return 0;
    case STEP_SUBMIT: mix_submit(e); return 0;
    case STEP_TAKE: engine_take(e); return 0;
    case STEP_NATIVE: engine_native(e); return 0;
    default: mix_release(e); e->at = e->take_at; return 0;
    }
}

/* What comes up to the next call, and that call; 1 when the cycle is complete (or has a fault). */
static int engine_step(host_engine *e)
{
    uint32_t before = guard_count(engine_guard);
    int called = 0;
    while (!called && e->at < e->plan_count && !e->fault)
        called = engine_one(e, e->plan[e->at++]);
    e->objections += guard_count(engine_guard) - before;
    if (e->at < e->plan_count && !e->fault)
        return 0;
    if (e->fault)
        mix_release(e);
    e->middle = 0;
    return 1;
}
