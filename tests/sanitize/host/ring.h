/* The ring alone: what orders a frame's bytes, and what a reader gets that the writer laps. */

typedef struct lane {
    pthread_t thread;
    UInt32 client;
    int64_t at;     /* told: the next frame that this one reads */
    int64_t acknowledged; /* released: the writer may overwrite what is before */
    uint64_t right, silent;
    uint64_t random;
} lane;

static int64_t ring_written; /* told */
static int64_t ring_end;     /* where the writer stops */

/* ---- publish: no reader ever meets the writer, and nothing but the ring orders them ---- */

static void *publish_reader(void *argument)
{
    lane *self = argument;
    while (self->at < ring_end) {
        int64_t ready = told(&ring_written) - self->at;
        UInt32 frames = ready > 1024 ? 1024 : (UInt32)ready;
        if (!frames) {
            sched_yield();
            continue;
        }
        buffer in = buffer_new(&subject.input, frames);
        must(record(&in, self->client, self->at), "ReadInput");
        check_all(&in, self->at, "publish");
        self->at += frames;
        self->right += frames;
        buffer_free(&in);
        /* So that overwriting comes after reading. The other direction is what is tested. */
        __atomic_store_n(&self->acknowledged, self->at, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void publish_write(lane *readers, int count, uint64_t *random)
{
    UInt32 frames = 1 + random_below(random, 1024);
    buffer out = buffer_new(&subject.output, frames);
    for (int i = 0; i < count; i++)
        while (__atomic_load_n(&readers[i].acknowledged, __ATOMIC_ACQUIRE) < ring_written - 8192)
            sched_yield();
    must(play(&out, 1, ring_written), "WriteMix");
    tell(&ring_written, ring_written + frames);
    buffer_free(&out);
}

static void publish(int64_t frames, int count)
{
    lane readers[8] = {0};
    uint64_t random = 1;
    plugin_initialize();
    client_start(1);
    ring_written = 1 << 20;
    ring_end = ring_written + frames;
    for (int i = 0; i < count; i++) {
        readers[i].client = 2 + (UInt32)i;
        readers[i].at = readers[i].acknowledged = ring_written;
        client_start(readers[i].client);
        pthread_create(&readers[i].thread, NULL, publish_reader, &readers[i]);
    }
    while (told(&ring_written) < ring_end + 1024)
        publish_write(readers, count, &random);
    for (int i = 0; i < count; i++) {
        pthread_join(readers[i].thread, NULL);
        client_stop(readers[i].client);
    }
    client_stop(1);
    plugin_release();
    printf("publish: %lld frames, %d readers\n", (long long)frames, count);
}

/* ---- lap: readers where the writer is overwriting; a frame is right, or it is silence ---- */

static void lap_check(lane *self, const buffer *in, int64_t time)
{
    for (UInt32 i = 0; i < in->frames; i++)
        if (is_silent(in, i))
            self->silent++;
        else if (is_right(in, i, time + i))
            self->right++;
        else
            wrong("frame %lld of [%lld, %lld) is torn or stale", (long long)(time + i), (long long)time,
                  (long long)time + in->frames);
}

static void *lap_reader(void *argument)
{
    lane *self = argument;
    for (int64_t written; (written = told(&ring_written)) < ring_end;) {
        UInt32 frames = 1 + random_below(&self->random, 8192);
        int64_t edge = random_below(&self->random, 4) ? 32768 : 0; /* the oldest, or the newest */
        int64_t time = written - edge - frames / 2 + random_below(&self->random, 2048) - 1024;
        buffer in = buffer_new(&subject.input, frames);
        must(record(&in, self->client, time), "ReadInput");
        lap_check(self, &in, time);
        buffer_free(&in);
    }
    return NULL;
}

/* Mostly on and on; sometimes a cycle is skipped, or time steps back or jumps. */
static int64_t lap_next(uint64_t *random, int64_t time)
{
    switch (random_below(random, 200)) {
    case 0: return time + random_below(random, 4096);
    case 1: return time - random_below(random, 4096);
    case 2: return time + 1000000 + random_below(random, 4096);
    default: return time;
    }
}

static void lap(double seconds, int count)
{
    lane readers[8] = {0};
    uint64_t random = 1, right = 0, silent = 0, end = clock_nanoseconds() + (uint64_t)(seconds * 1e9);
    plugin_initialize();
    client_start(1);
    ring_written = 1 << 20;
    ring_end = INT64_MAX;
    for (int i = 0; i < count; i++) {
        readers[i].client = 2 + (UInt32)i;
        readers[i].random = 77 + (uint64_t)i;
        client_start(readers[i].client);
        pthread_create(&readers[i].thread, NULL, lap_reader, &readers[i]);
    }
    while (clock_nanoseconds() < end) {
        UInt32 frames = 1 + random_below(&random, 4096);
        buffer out = buffer_new(&subject.output, frames);
        int64_t time = lap_next(&random, ring_written);
        must(play(&out, 1, time), "WriteMix");
        tell(&ring_written, time + frames);
        buffer_free(&out);
    }
    tell(&ring_written, INT64_MAX);
    for (int i = 0; i < count; i++) {
        pthread_join(readers[i].thread, NULL);
        client_stop(readers[i].client);
        right += readers[i].right, silent += readers[i].silent;
    }
    client_stop(1);
    plugin_release();
    printf("lap: %llu frames right, %llu silent\n", (unsigned long long)right, (unsigned long long)silent);
}
