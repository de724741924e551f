/*
 * Cycles: of one client, of several in the order of their times, or call by call in the order of a seed;
 * included by host_engine.h. Without the GIL.
 */

/* A cycle begins: waits for its time, or moves the virtual clock there. `output` may be NULL for silence;
 * `input` has room for frames * input_channels. */
static void cycle_begin(host_engine *e, UInt32 frames, const float *output, float *input)
{
    uint64_t due = e->synced ? engine_host_time(e, e->time) : 0;
    if (due && e->paced)
        tympan_clock_reach(due);
    if (due && e->latency) {
        uint64_t now = mach_absolute_time();
        latency_add(e->latency, MEASURE_WAKE, now > due ? (uint64_t)((double)(now - due) * e->ns_per_tick) : 0);
    }
    e->frames = frames;
    e->output = output;
    e->input = input;
    e->objections = 0;
    e->at = 0;
    e->middle = 1;
}

/* A cycle that had no fault ends; whether the guard had something to say in it. */
static int cycle_end(host_engine *e)
{
    if (!e->fault) {
        e->time += e->frames;
        e->input_time += e->frames;
        e->output_time += e->frames;
        e->counter++;
        e->cycles++;
    }
    if (!e->fault && !engine_collects && e->objections)
        e->fault = FAULT_REALTIME;
    return e->fault;
}

static int engine_cycle(host_engine *e, UInt32 frames, const float *output, float *input)
{
    cycle_begin(e, frames, output, input);
    uint64_t began = e->latency ? latency_now() : 0;
    while (!engine_step(e))
        ;
    if (e->latency)
        latency_add(e->latency, MEASURE_CYCLE, latency_now() - began);
    return cycle_end(e);
}

/* The operation 'thrd', around all the time that the client's thread runs. */
static int engine_thread(host_engine *e, int begins)
{
    if (!e->ops[OP_THREAD].will || e->thread_begun == begins)
        return 0;
    uint32_t before = guard_count(engine_guard);
    e->fault = FAULT_NONE;
    e->frames = e->nominal;
    guard_ready(engine_guard);
    engine_cycle_info(e, &e->info);
    engine_edge(e, begins, OP_THREAD);
    e->thread_begun = begins;
    if (!e->fault && !engine_collects && guard_count(engine_guard) != before)
        e->fault = FAULT_REALTIME;
    return e->fault;
}

/* A stamp outside of a cycle: the first one, or one somebody asks for. */
static int engine_first_stamp(host_engine *e)
{
    guard_ready(engine_guard);
    uint32_t before = guard_count(engine_guard);
    e->fault = FAULT_NONE;
    engine_stamp(e);
    if (!e->fault && !engine_collects && guard_count(engine_guard) != before)
        e->fault = FAULT_REALTIME;
    return e->fault;
}

/* --- several -------------------------------------------------------------- */

/* What one client is to do: cycle i has counts[i] frames (each at most e->capacity). */
typedef struct host_job {
    host_engine *e;
    const UInt32 *counts;
    size_t count, index;
    const float *output;
    float *input;
    UInt32 input_channels, output_channels; /* of the two */
    int held; /* begins no further cycle: something on its device must not meet IO */
} host_job;

static int job_is_over(const host_job *job)
{
    return job->e->fault || (job->index == job->count && !job->e->middle);
}

static void job_begin(host_job *job)
{
    if (job->e->input_channels != job->input_channels || job->e->output_channels != job->output_channels) {
        job->e->fault = FAULT_CHANNELS;
        return;
    }
    cycle_begin(job->e, job->counts[job->index], job->output, job->input);
}

static int job_end(host_job *job)
{
    host_engine *e = job->e;
    if (job->output)
        job->output += (size_t)e->frames * e->output_channels;
    if (job->input)
        job->input += (size_t)e->frames * e->input_channels;
    job->index++;
    return cycle_end(e);
}

static uint64_t job_due(const host_job *job)
{
    return job->e->synced ? engine_host_time(job->e, job->e->time) : 0;
}

/* Whole cycles, each when it is due, until a job is over: that one. None of them may be over before. */
static host_job *jobs_run(host_job **jobs, int count)
{
    host_job *next;
    guard_ready(engine_guard);
    engine_inside = 1;
    do {
        next = jobs[0];
        for (int i = 1; i < count; i++)
            if (job_due(jobs[i]) < job_due(next))
                next = jobs[i];
        job_begin(next);
        while (!next->e->fault && !engine_step(next->e))
            ;
        job_end(next);
    } while (!job_is_over(next));
    engine_inside = 0;
    return next;
}

static int engine_run(host_engine *e, const UInt32 *counts, size_t count, const float *output, float *input)
{
    e->fault = FAULT_NONE;
    guard_ready(engine_guard);
    engine_inside = 1;
    for (size_t i = 0; i < count && !e->fault; i++) {
        engine_cycle(e, counts[i], output, input);
        output = output ? output + (size_t)counts[i] * e->output_channels : NULL;
        input = input ? input + (size_t)counts[i] * e->input_channels : NULL;
    }
    engine_inside = 0;
    return e->fault;
}

/* --- call by call ----------------------------------------------------------- */

/* SplitMix64: the same numbers on every system. */
static uint64_t next_number(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

static int job_can_step(const host_job *job, uint64_t now)
{
    return !job_is_over(job) && (job->e->middle || (!job->held && job_due(job) <= now));
}

static void job_step(host_job *job)
{
    engine_inside = 1;
    if (!job->e->middle)
        job_begin(job);
    if (!job->e->fault && engine_step(job->e))
        job_end(job);
    engine_inside = 0;
}

/* Where a free job waits for its time, the virtual clock goes to the first such time; 0: none does. */
static int jobs_wait(host_job **jobs, int count)
{
    uint64_t first = UINT64_MAX;
    for (int i = 0; i < count; i++)
        if (!job_is_over(jobs[i]) && !jobs[i]->held && job_due(jobs[i]) < first)
            first = job_due(jobs[i]);
    if (first != UINT64_MAX)
        tympan_clock_reach(first);
    return first != UINT64_MAX;
}

enum { JOBS_STUCK = -1, JOB_OVER = -2 };

/* Single calls, each of a job that the seed chooses, until a job is over (JOB_OVER) or one of `others`
 * is chosen (0 ... others - 1). JOBS_STUCK: nobody can go on. `steps` counts. */
static int jobs_interleave(host_job **jobs, int count, int others, uint64_t *state, uint64_t *steps)
{
    host_job *able[HOST_CLIENTS];
    guard_ready(engine_guard);
    for (;;) {
        uint64_t now = mach_absolute_time();
        int n = 0;
        for (int i = 0; i < count; i++)
            if (job_can_step(jobs[i], now))
                able[n++] = jobs[i];
        if (!n && !others && !jobs_wait(jobs, count))
            return JOBS_STUCK;
        if (!n && !others)
            continue;
        uint64_t choice = next_number(state) % (uint64_t)(n + others + (n == 0));
        ++*steps;
        if (choice == (uint64_t)(n + others))
            jobs_wait(jobs, count);
        else if (choice >= (uint64_t)n)
            return (int)choice - n;
        else {
            job_step(able[choice]);
            if (job_is_over(able[choice]))
                return JOB_OVER;
        }
    }
}
