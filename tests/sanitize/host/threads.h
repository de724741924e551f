/*
 * Everything at once: clients in IO, threads of property traffic, clients that come and go, notifications
 * and configuration changes, which stop and start the device. Audio goes as fast as it can. All clients play and
 * record, and each gets every frame of the mix of all: none lost, none twice.
 */

enum { CLIENTS = VOICES, VISITORS = 2, MOST_PROPERTY_THREADS = 32, SPAN = 16384, MOST_BLOCK = 1024, CHUNK = 1024 };

/* A client in IO. On the thread of client 0 the mix goes to the driver. Its `gate` is closed while the host has
 * suspended IO. */
typedef struct client {
    pthread_t thread;
    pthread_mutex_t gate;
    UInt32 id;
    int64_t played;            /* told: the next frame to add to the mix */
    int64_t at;                /* told: the next frame to read */
    uint64_t hash, *log;       /* of all that was read since the line began, at the end of each chunk */
    size_t logged, log_size;
    uint64_t cycles, frames, seed, random;
    double sample;
} client;

static client clients[CLIENTS];
static int64_t line_written; /* told: the next frame to give to the driver */
static int64_t line_begin;
static int64_t threads_end;  /* told: 1 when all are to stop */
static uint64_t count_properties, count_changes, count_visits; /* atomic */

static void count(uint64_t *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* ---- IO ---- */

/* Time never goes back on a line; the stop between two lines is the only other answer. */
static void check_stamp(client *self)
{
    stamp now;
    must(io_stamp(subject.ref, subject.device, self->id, &now), "GetZeroTimeStamp");
    if (now.host > mach_absolute_time())
        wrong("a stamp of the future");
    if (now.seed == self->seed && now.sample < self->sample)
        wrong("zero time stamp %g after %g", now.sample, self->sample);
    self->seed = now.seed;
    self->sample = now.sample;
}

/* A client's own audio. Answers whether there was room for it. */
static int play_some(client *self)
{
    UInt32 frames = 1 + random_below(&self->random, MOST_BLOCK);
    if (self->played + frames > told(&line_written) + MIX_FRAMES)
        return 0;
    mix_add((int)(self - clients), self->played, frames);
    tell(&self->played, self->played + frames);
    return 1;
}

/* The mix waits for the slowest reader, because no frame may be lost. Answers whether it did anything. */
static int write_some(client *self)
{
    UInt32 frames = 1 + random_below(&self->random, MOST_BLOCK);
    int64_t slowest = INT64_MAX, complete = INT64_MAX;
    for (int i = 0; i < CLIENTS; i++) {
        int64_t at = told(&clients[i].at), played = told(&clients[i].played);
        slowest = at < slowest ? at : slowest;
        complete = played < complete ? played : complete;
    }
    if (complete - line_written < frames)
        frames = (UInt32)(complete - line_written);
    if (!frames || line_written + frames > slowest + SPAN)
        return 0;
    buffer out = buffer_new(&subject.output, frames);
    mix_take(&out, line_written);
    must(play_filled(&out, self->id, line_written), "WriteMix");
    buffer_free(&out);
    tell(&line_written, line_written + frames);
    return 1;
}

/* Keeps what all readers must agree on, when nobody knows what it should be. */
static void log_frames(client *self, const buffer *in)
{
    for (UInt32 done = 0; done < in->frames;) {
        UInt32 left = (UInt32)(CHUNK - (self->at + done - line_begin) % CHUNK);
        UInt32 part = left < in->frames - done ? left : in->frames - done;
        self->hash = hashed(self->hash, in, done, done + part);
        done += part;
        if (part == left && self->logged < self->log_size)
            self->log[self->logged++] = self->hash;
    }
}

static int record_some(client *self)
{
    int64_t ready = told(&line_written) - self->at;
    UInt32 frames = 1 + random_below(&self->random, MOST_BLOCK);
    if (ready < frames)
        frames = (UInt32)ready;
    if (!frames)
        return 0;
    buffer in = buffer_new(&subject.input, frames);
    must(record(&in, self->id, self->at), "ReadInput");
    check_all(&in, self->at, "threads");
    if (!audio_exact)
        log_frames(self, &in);
    buffer_free(&in);
    self->frames += frames;
    tell(&self->at, self->at + frames);
    return 1;
}

static void *io_thread(void *argument)
{
    client *self = argument;
    while (!told(&threads_end)) {
        int busy = 0;
        pthread_mutex_lock(&self->gate);
        if (self->cycles++ % 8 == 0)
            check_stamp(self);
        if (subject.output.id)
            busy |= play_some(self);
        if (self == clients && subject.output.id)
            busy |= write_some(self);
        if (subject.input.id && subject.output.id)
            busy |= record_some(self);
        pthread_mutex_unlock(&self->gate);
        if (!busy)
            sched_yield();
    }
    return NULL;
}

/* ---- control ---- */

/* A new line: all clients begin at the same frame. The gates are closed. */
static void line_start(void)
{
    stamp now;
    must(io_stamp(subject.ref, subject.device, clients[0].id, &now), "GetZeroTimeStamp");
    line_begin = line_written + 100000 + (int64_t)now.sample % 1000; /* never the same again */
    line_written = line_begin;
    mix_clear();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].at = clients[i].played = line_begin;
        clients[i].logged = 0;
        clients[i].hash = 0xCBF29CE484222325ull;
    }
}

/* All readers have read the same, as far as each has come. */
static void line_compare(void)
{
    for (int i = 1; i < CLIENTS; i++)
        for (size_t chunk = 0; chunk < clients[0].logged && chunk < clients[i].logged; chunk++)
            if (clients[0].log[chunk] != clients[i].log[chunk])
                wrong("clients %u and %u have read different audio in frames %lld ... %lld", clients[0].id,
                      clients[i].id, (long long)(line_begin + (int64_t)chunk * CHUNK),
                      (long long)(line_begin + (int64_t)(chunk + 1) * CHUNK));
}

static void gates(int close)
{
    for (int i = 0; i < CLIENTS; i++)
        (close ? pthread_mutex_lock : pthread_mutex_unlock)(&clients[i].gate);
}

/* The host suspends IO, lets the driver change, and starts IO again: on a device that stopped, or did not. */
static void configuration_change(UInt64 action, uint64_t *random)
{
    AudioServerPlugInDriverRef ref = subject.ref;
    int stops = random_below(random, 3) != 0;
    gates(1);
    line_compare();
    if (random_below(random, 5) == 0) {
        (*ref)->AbortDeviceConfigurationChange(ref, subject.device, action, NULL);
    } else {
        for (int i = 0; stops && i < CLIENTS; i++)
            client_stop(clients[i].id);
        must((*ref)->PerformDeviceConfigurationChange(ref, subject.device, action, NULL), "Perform");
        for (int i = 0; stops && i < CLIENTS; i++)
            client_start(clients[i].id);
        line_start();
        count(&count_changes);
    }
    gates(0);
}

static void *change_thread(void *unused)
{
    uint64_t random = 5;
    pthread_mutex_lock(&subject.lock);
    while (!told(&threads_end)) {
        if (!subject.change_count) {
            pthread_cond_wait(&subject.asked, &subject.lock);
            continue;
        }
        UInt64 action = subject.changes[--subject.change_count];
        pthread_mutex_unlock(&subject.lock);
        configuration_change(action, &random);
        usleep(random_below(&random, 20000)); /* between two changes audio goes on for a while */
        pthread_mutex_lock(&subject.lock);
    }
    subject.change_count = 0;
    pthread_mutex_unlock(&subject.lock);
    return unused;
}

/* A client that comes, starts, looks at the clock, stops and goes. */
static void *visitor_thread(void *argument)
{
    UInt32 id = (UInt32)(uintptr_t)argument;
    while (!told(&threads_end)) {
        stamp now;
        client_add(id);
        client_start(id);
        for (int i = 0; i < 10; i++) {
            OSStatus status = io_stamp(subject.ref, subject.device, id, &now);
            if (status && status != kAudioHardwareNotRunningError) /* a configuration change is under way */
                wrong("GetZeroTimeStamp answered %d", (int)status);
        }
        client_stop(id);
        client_remove(id);
        count(&count_visits);
    }
    return NULL;
}

static void *property_thread(void *argument)
{
    uint64_t random = (uintptr_t)argument;
    while (!told(&threads_end)) {
        property_traffic(&random);
        count(&count_properties);
    }
    return NULL;
}

/* ---- all of it ---- */

static void clients_start(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        client *c = &clients[i];
        *c = (client){.id = 1 + (UInt32)i, .random = 9 + (uint64_t)i, .log_size = audio_exact ? 0 : 1 << 16};
        c->log = calloc(c->log_size + 1, sizeof *c->log);
        pthread_mutex_init(&c->gate, NULL);
        client_add(c->id);
        client_start(c->id);
    }
    line_start();
}

static void clients_stop(void)
{
    line_compare();
    for (int i = 0; i < CLIENTS; i++) {
        client_stop(clients[i].id);
        client_remove(clients[i].id);
        pthread_mutex_destroy(&clients[i].gate);
        free(clients[i].log);
    }
}

static void threads_run(double seconds, int property_threads)
{
    pthread_t others[MOST_PROPERTY_THREADS + VISITORS + 1];
    int n = 0;
    threads_end = 0;
    pthread_mutex_lock(&subject.lock);
    subject.change_count = 0; /* of the round before: asked for when nobody took it up any more */
    pthread_mutex_unlock(&subject.lock);
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i].thread, NULL, io_thread, &clients[i]);
    for (int i = 0; i < property_threads; i++)
        pthread_create(&others[n++], NULL, property_thread, (void *)(uintptr_t)(101 + i));
    for (int i = 0; i < VISITORS; i++)
        pthread_create(&others[n++], NULL, visitor_thread, (void *)(uintptr_t)(50 + i));
    pthread_create(&others[n++], NULL, change_thread, NULL);
    usleep((useconds_t)(seconds * 1e6));
    tell(&threads_end, 1);
    pthread_mutex_lock(&subject.lock);
    pthread_cond_broadcast(&subject.asked);
    pthread_mutex_unlock(&subject.lock);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    while (n)
        pthread_join(others[--n], NULL);
}

static void threads(double seconds, int property_threads, int rounds)
{
    uint64_t cycles = 0, frames = 0;
    for (int round = 0; round < rounds; round++) {
        subject.rereads = round % 2 == 0;
        plugin_initialize();
        clients_start();
        threads_run(seconds / rounds, property_threads);
        for (int i = 0; i < CLIENTS; i++)
            cycles += clients[i].cycles, frames += clients[i].frames;
        clients_stop();
        if (subject.rereads) /* a host whose own call is inside the driver cannot release it: it waits for the queue */
            tympan_queue_pump(10000);
        plugin_release(); /* and one that does not look may leave the driver with work that comes too late */
    }
    printf("threads: %llu cycles, %llu frames read, %llu property calls, %llu changes, %llu visits, %llu notifications\n",
           (unsigned long long)cycles, (unsigned long long)frames, (unsigned long long)count_properties,
           (unsigned long long)count_changes, (unsigned long long)count_visits,
           (unsigned long long)subject.notifications);
}
