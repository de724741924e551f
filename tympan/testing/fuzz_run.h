/* The loops: made-up episodes, guided inputs, scripts; included by fuzz.h. */

/* --- the log --------------------------------------------------------------------------- */

static size_t log_size(const fuzz *f)
{
    return f->threads > 1 ? FUZZ_LOG : FUZZ_THREADS * FUZZ_LOG; /* one thread has the room of all */
}

/* Where the next call goes; it is part of the log when it is shown. */
static hal_call *log_next(fuzz_thread *t)
{
    return (hal_call *)(t->log + t->f->shared->thread[t->index].used);
}

static void log_show(fuzz_thread *t, const hal_call *c)
{
    fuzz_shared_thread *shown = &t->f->shared->thread[t->index];
    shown->last = shown->used;
    atomic_store(&shown->used, shown->used + (unsigned)call_size(c));
}

static int log_is_full(const fuzz_thread *t)
{
    return t->f->shared->thread[t->index].used + sizeof(hal_call) + 4096 + INPUT_SIZE > log_size(t->f);
}

static void log_step(fuzz_thread *t, unsigned step)
{
    hal_answer a;
    hal_call *c = log_next(t);
    memset(c, 0, sizeof *c);
    c->slot = (UInt8)step;
    log_show(t, c);
    fuzz_execute(t, c, &a);
}

/* --- episodes ---------------------------------------------------------------------------- */

static uint64_t mixed(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t z = a * 0x9E3779B97F4A7C15ull + b * 0xC2B2AE3D27D4EB4Full + c * 0x165667B19E3779F9ull + 1;
    z = (z ^ z >> 31) * 0x94D049BB133111EBull;
    return z ^ z >> 29;
}

/* At rest: do more objects live than after any episode before? */
static void count_objects(fuzz *f, uint64_t episode)
{
    static uint64_t most;
    uint64_t live = tympan_ledger_read().live;
    if (most && live > most) {
        unsigned place = f->shared->growths++ % FUZZ_GROWTHS;
        f->shared->growth[place].episode = episode;
        f->shared->growth[place].live = live - most;
    }
    if (most && live > most + 100000)
        fuzz_fail(f, FAIL_LEAK, "%llu objects of Core Foundation live at rest", (unsigned long long)live);
    most = live > most ? live : most;
}

static int finished(const fuzz *f)
{
    return f->stop || f->shared->stop || (f->calls_wanted && f->shared->calls >= f->calls_wanted);
}

/* Between two episodes, while the other threads wait. A full log begins again. */
static void episode_begin(fuzz *f, uint64_t episode)
{
    int full = f->threads > 1 || log_is_full(&f->thread[0]);
    for (unsigned i = 0; full && i < f->threads; i++)
        atomic_store(&f->shared->thread[i].used, 0);
    f->shared->episode = episode;
    log_step(&f->thread[0], STEP_IDLE);
    count_objects(f, episode);
}

static void episode_calls(fuzz_thread *t, uint64_t episode)
{
    fuzz *f = t->f;
    hal_answer a;
    t->random = mixed(f->seed, episode, t->index);
    t->planned = t->next = t->seen_count = 0;
    memset(t->times, 0, sizeof t->times);
    for (unsigned i = 0; i < f->per_episode && !finished(f) && !log_is_full(t); i++) {
        hal_call *c = log_next(t);
        fuzz_make(t, c);
        log_show(t, c);
        if (fuzz_execute(t, c, &a))
            remember(t, c, &a);
    }
}

static void episodes(fuzz_thread *t)
{
    fuzz *f = t->f;
    for (uint64_t episode = f->first_episode;; episode++) {
        pthread_barrier_wait(&f->barrier);
        if (t->index == 0 && !finished(f))
            episode_begin(f, episode);
        int end = 0;
        pthread_barrier_wait(&f->barrier);
        end = finished(f);
        pthread_barrier_wait(&f->barrier); /* all have seen the same before anyone goes on */
        if (end)
            return;
        episode_calls(t, episode);
    }
}

/* --- guided by coverage ---------------------------------------------------------------------- */

static fuzz_input *corpus[8192];

static void corpus_add(fuzz *f, const fuzz_input *in, unsigned char *shared_corpus)
{
    fuzz_shared *s = f->shared;
    UInt32 size = (UInt32)in->used;
    if (s->corpus_inputs == sizeof corpus / sizeof *corpus || s->corpus_used + 8 + size > FUZZ_CORPUS)
        return;
    fuzz_input *kept = malloc(sizeof *kept);
    if (!kept)
        return;
    *kept = *in;
    corpus[s->corpus_inputs] = kept;
    memcpy(shared_corpus + s->corpus_used, &size, 4);
    memcpy(shared_corpus + s->corpus_used + 8, in->bytes, size);
    s->corpus_used += 8 + size;
    s->corpus_inputs++;
}

/* From rest; the counters then show what the input alone reached. */
static void input_run(fuzz_thread *t, const fuzz_input *in)
{
    hal_answer a;
    if (log_is_full(t))
        atomic_store(&t->f->shared->thread[0].used, 0);
    log_step(t, STEP_IDLE);
    cover_collect(t->f->shared);
    t->f->shared->inputs++;
    for (unsigned i = 0; i < in->count && !finished(t->f); i++) {
        const hal_call *from = (const hal_call *)(in->bytes + (size_t)in->at[i] * 8);
        hal_call *c = log_next(t);
        memcpy(c, from, call_size(from));
        c->thread = 0;
        log_show(t, c);
        if (fuzz_execute(t, c, &a))
            remember(t, c, &a);
    }
}

/* The shortest of some old inputs that met an edge which few meet. */
static const fuzz_input *rare_input(fuzz_thread *t)
{
    size_t best = 0;
    for (int i = 0; i < 16; i++) {
        size_t edge = below(t, (UInt32)cover.edges);
        if (cover_edge[edge].shortest && (!cover_edge[best].shortest || cover_edge[edge].inputs < cover_edge[best].inputs))
            best = edge;
    }
    unsigned number = cover_edge[best].shortest;
    return number ? corpus[number - 1] : NULL;
}

/* A new input, or an old one with up to eight changes. */
static void input_choose(fuzz_thread *t, fuzz_input *in)
{
    unsigned count = (unsigned)t->f->shared->corpus_inputs;
    const fuzz_input *rare = count ? rare_input(t) : NULL;
    in->used = in->count = in->at[0] = 0;
    if (!count || one_in(t, 12)) {
        for (unsigned n = 1 + below(t, 6); n; n--)
            input_make(t, in, in->count, 24);
        return;
    }
    *in = *(rare && !one_in(t, 3) ? rare : corpus[below(t, count)]);
    for (unsigned n = 1; n; n = n < 8 ? one_in(t, 2) : 0)
        mutate_input(t, in, corpus[below(t, count)]);
}

/* Leaves out the calls without which `edge` is reached all the same. */
static void input_trim(fuzz_thread *t, fuzz_input *in, size_t edge)
{
    static fuzz_input shorter;
    for (unsigned i = in->count; i-- && !finished(t->f) && in->count > 1;) {
        shorter = *in;
        input_remove(&shorter, i);
        input_run(t, &shorter);
        if (cover_shows(edge))
            *in = shorter;
    }
}

/* Every edge knows the shortest input that meets it, and how many did. */
static void edges_note(const fuzz *f, const fuzz_input *in, unsigned number)
{
    for (unsigned i = 0; i < cover_last.count; i++) {
        size_t edge = cover_last.met[i];
        unsigned shortest = cover_edge[edge].shortest;
        cover_edge[edge].inputs++;
        if (number && (!shortest || corpus[shortest - 1]->used > in->used))
            cover_edge[edge].shortest = number;
    }
    (void)f;
}

/* Runs an input; one that reaches something new is shortened and kept. Answers whether it met a new edge. */
static int input_try(fuzz_thread *t, fuzz_input *in, unsigned char *shared_corpus)
{
    fuzz *f = t->f;
    unsigned before = (unsigned)f->shared->corpus_inputs;
    unsigned long long edges = f->shared->edges_met;
    input_run(t, in);
    if (!cover_collect(f->shared) || !in->count) {
        edges_note(f, in, 0);
        return 0;
    }
    int new_edge = f->shared->edges_met > edges;
    input_trim(t, in, cover_last.newest);
    input_run(t, in);
    cover_collect(f->shared);
    corpus_add(f, in, shared_corpus);
    if (f->shared->corpus_inputs > before)
        edges_note(f, in, before + 1);
    return new_edge;
}

/* Bytes that were just looked at for the first time: every value of each, in data that is set. A code that is
 * compared byte by byte takes 256 inputs a byte this way. */
static int input_sweep(fuzz_thread *t, fuzz_input *in, unsigned char *shared_corpus)
{
    static fuzz_input changed;
    for (unsigned i = 0; i < in->count; i++) {
        hal_call *c = input_call(in, i);
        UInt32 size = c->slot == CALL_SET && !c->data_kind && c->data_size <= 16 ? c->data_size : 0;
        for (UInt32 n = 0; n < size * 256 && !finished(t->f); n++) {
            changed = *in;
            ((unsigned char *)(input_call(&changed, i) + 1))[c->qualifier_size + n / 256] = (unsigned char)n;
            if (input_try(t, &changed, shared_corpus)) {
                *in = changed;
                return 1;
            }
        }
    }
    return 0;
}

static void guided(fuzz_thread *t, unsigned char *shared_corpus)
{
    static fuzz_input in;
    fuzz *f = t->f;
    unsigned earlier = (unsigned)f->shared->corpus_inputs;
    t->random = mixed(f->seed, 0, 99);
    for (uint64_t i = 0; !finished(f); i++) {
        f->shared->episode = i;
        if (i % 256 == 0) {
            log_step(t, STEP_IDLE);
            count_objects(f, i);
        }
        if (i < earlier) { /* inputs of an earlier run, as they are */
            input_run(t, corpus[i]);
            cover_collect(f->shared);
            edges_note(f, corpus[i], (unsigned)i + 1);
            continue;
        }
        input_choose(t, &in);
        int more = input_try(t, &in, shared_corpus);
        while (more && !finished(f))
            more = input_sweep(t, &in, shared_corpus);
    }
}

/* --- scripts ----------------------------------------------------------------------------------- */

typedef struct fuzz_script { const unsigned char *bytes; size_t size; unsigned rounds; } fuzz_script;
static fuzz_script the_script;

/* The script's calls of one thread (0: of nobody in particular), once. */
static void script_run(fuzz_thread *t, unsigned number)
{
    hal_answer a;
    for (size_t place = 0; place < the_script.size && !t->f->stop;) {
        const hal_call *from = (const hal_call *)(the_script.bytes + place);
        place += call_size(from);
        if (from->thread != number)
            continue;
        if (log_is_full(t))
            atomic_store(&t->f->shared->thread[t->index].used, 0);
        hal_call *c = log_next(t);
        memcpy(c, from, call_size(from));
        log_show(t, c);
        if (fuzz_execute(t, c, &a))
            remember(t, c, &a);
    }
}

static void script_rounds(fuzz_thread *t)
{
    pthread_barrier_wait(&t->f->barrier);
    for (unsigned round = 0; round < the_script.rounds && !t->f->stop; round++)
        script_run(t, t->index + 1);
}

/* --- threads, beginning and end ------------------------------------------------------------------ */

/* Notes which thread crashed, then lets the crash happen. */
static void crash_noted(int signal)
{
    (void)signal;
    if (fuzz_self && the_fuzz.shared)
        the_fuzz.shared->crashed_thread = fuzz_self->index + 1;
}

static void crash_watch(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    struct sigaction noted = {.sa_handler = crash_noted, .sa_flags = SA_ONSTACK | SA_RESETHAND};
    for (unsigned i = 0; i < 5; i++) {
        struct sigaction now;
        if (!sigaction(signals[i], NULL, &now) && now.sa_handler == SIG_DFL) /* a sanitizer has its own */
            sigaction(signals[i], &noted, NULL);
    }
}

static void thread_begin(fuzz_thread *t)
{
    fuzz_self = t;
    if (!t->signal_stack)
        t->signal_stack = malloc(65536);
    stack_t stack = {.ss_size = 65536, .ss_sp = t->signal_stack};
    if (stack.ss_sp)
        sigaltstack(&stack, NULL);
}

static void *thread_main(void *argument)
{
    fuzz_thread *t = argument;
    thread_begin(t);
    (t->f->plays ? script_rounds : episodes)(t);
    return NULL;
}

/* All threads, the caller's as the first; until they end. */
static void threads_run(fuzz *f)
{
    pthread_barrier_init(&f->barrier, NULL, f->threads);
    for (unsigned i = 1; i < f->threads; i++)
        pthread_create(&f->thread[i].thread, NULL, thread_main, &f->thread[i]);
    thread_main(&f->thread[0]);
    for (unsigned i = 1; i < f->threads; i++)
        pthread_join(f->thread[i].thread, NULL);
    pthread_barrier_destroy(&f->barrier);
}

/* `map` is the shared file. NULL when there is no memory. */
static fuzz *fuzz_open(void *map, unsigned threads, unsigned groups, unsigned per_episode, uint64_t seed, uint64_t calls,
                       const fuzz_selector *selectors, unsigned selector_count)
{
    fuzz *f = &the_fuzz;
    mach_timebase_info_data_t base;
    memset(f, 0, sizeof *f);
    f->shared = map;
    f->threads = threads;
    f->groups = groups;
    f->per_episode = per_episode;
    f->seed = seed;
    f->calls_wanted = calls;
    f->selectors = selectors;
    f->selector_count = selector_count;
    f->host = (AudioServerPlugInHostInterface){fuzz_properties_changed, fuzz_copy, fuzz_write, fuzz_delete, fuzz_request};
    f->policy = POLICY_STORAGE;
    mach_timebase_info(&base);
    f->ticks_per_second = 1e9 * base.denom / base.numer;
    pthread_mutex_init(&f->lock, NULL);
    pthread_rwlock_init(&f->io, NULL);
    for (unsigned i = 0; i < FUZZ_THREADS; i++) {
        f->thread[i].f = f;
        f->thread[i].index = i;
        f->thread[i].log = (unsigned char *)map + FUZZ_HEAD + i * FUZZ_LOG;
        if ((i < threads || !i) && memory_open(&f->thread[i].memory, CALL_LARGEST))
            return NULL;
    }
    cover.met = calloc(1, COVER_EDGES);
    return cover.met ? f : NULL;
}

static OSStatus fuzz_initialize(fuzz *f, AudioServerPlugInDriverRef driver)
{
    f->driver = driver;
    f->problems = tympan_ledger_read().problems;
    OSStatus status = (*driver)->Initialize(driver, &f->host);
    if (!status)
        learn(f);
    return status;
}

/* Calls until the wanted number, a failure, or for ever. */
static void fuzz_run(fuzz *f, int guide, uint64_t first_episode)
{
    unsigned char *shared_corpus = (unsigned char *)f->shared + FUZZ_HEAD + FUZZ_THREADS * FUZZ_LOG;
    crash_watch();
    thread_begin(&f->thread[0]);
    f->shared->edges = cover.edges;
    f->guided = guide && cover.edges;
    f->first_episode = first_episode;
    f->shared->state = STATE_RUNNING;
    if (f->guided)
        guided(&f->thread[0], shared_corpus);
    else
        threads_run(f);
}

/* A script: what belongs to no thread first and in order, then all threads at once, `rounds` times each. */
static void fuzz_play(fuzz *f, const unsigned char *bytes, size_t size, unsigned rounds)
{
    unsigned threads = 0;
    the_script = (fuzz_script){bytes, size, rounds};
    for (size_t place = 0; place < size; place += call_size((const hal_call *)(bytes + place)))
        if (((const hal_call *)(bytes + place))->thread > threads)
            threads = ((const hal_call *)(bytes + place))->thread;
    crash_watch();
    thread_begin(&f->thread[0]);
    f->plays = 1;
    f->threads = 1;
    f->shared->state = STATE_RUNNING;
    script_run(&f->thread[0], 0);
    f->threads = threads > f->threads ? threads : 1;
    if (threads)
        threads_run(f);
}

/* After the last call: everything given back. Answers the count after the host's last Release. */
static UInt32 fuzz_finish(fuzz *f)
{
    f->threads = 1;
    if (!f->stop) {
        fuzz_self = &f->thread[0];
        fuzz_idle(f);
    }
    return (*f->driver)->Release(f->driver);
}
