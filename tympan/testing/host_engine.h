/*
 * The IO cycle of the simulated host; included by _engine.pyx.
 *
 * Runs without the GIL on whatever thread calls it. hal-protocol.md C5 is the
 * specification. A broken rule ends the run: `fault` says which, `facts` holds
 * the numbers, and _faults.py makes the sentence.
 */

#include "host_types.h"

#include "host_line.h"

#include "host_buffers.h"

#include "host_mix.h"

#include "host_steps.h"

#include "host_run.h"

/* Buffers for cycles of up to `frames`. */
static int engine_allocate(host_engine *e, UInt32 frames)
{
    int failed = 0;
    for (int i = 0; i < e->input_count; i++)
        failed |= stream_allocate(&e->inputs[i], frames);
    for (int i = 0; i < e->output_count; i++)
        failed |= stream_allocate(&e->outputs[i], frames);
    failed |= mix_allocate(&e->own_mix, e->output_channels, 2 * frames);
    e->capacity = frames;
    return failed;
}

static void engine_free(host_engine *e)
{
    for (int i = 0; i < HOST_STREAMS; i++)
        stream_free(&e->inputs[i]), stream_free(&e->outputs[i]);
}

static void mix_open(host_mix *m)
{
    pthread_mutex_init(&m->lock, NULL);
    m->waits = 1;
}

static void mix_close(host_mix *m)
{
    free(m->ring);
    pthread_mutex_destroy(&m->lock);
}

static void engine_open(host_engine *e)
{
    mix_open(&e->own_mix);
    e->mixed_to = INT64_MIN;
    e->mix_client = e->client;
    mix_join(&e->own_mix, e);
}

static void engine_close(host_engine *e)
{
    engine_free(e);
    mix_close(&e->own_mix);
    free(e->latency);
}
