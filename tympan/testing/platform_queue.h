/*
 * libdispatch's queues; included once, by _platform.pyx.
 *
 * All work stands in one line. A serial queue is busy while one piece of its work is
 * done, and its next piece waits; work of other queues goes on, if there is a thread for it.
 */

#define WORKERS 4 /* of threaded mode */

typedef struct dispatch_common {
    tympan_object base;
    _Atomic(void *) context; /* dispatch_set_context */
} dispatch_common;

struct dispatch_queue_s {
    dispatch_common common;
    char *label;
    int concurrent;
    unsigned busy;  /* the number of the thread that does its work; of a serial queue */
    int suspended;
};

typedef struct queued_work {
    struct queued_work *next;
    dispatch_queue_t queue; /* held until the work is done, as libdispatch does */
    dispatch_function_t function;
    dispatch_function_t drop; /* for a context that is not to be used; may be NULL */
    void *context;
    uint64_t number; /* in the order in which it was queued */
} queued_work;

/* `lock` also guards every queue's, source's and semaphore's fields. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    queued_work *first, *last;
    uint64_t waiting, running, done, numbers;
    int threaded;
    pthread_t workers[WORKERS];
} queues = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void timers_collect(void);        /* in platform_timer.h: queues what is due; with the lock */
static uint64_t timers_next_real(void);  /* ns of real time until the next may be due; UINT64_MAX without one */

#define STATIC_QUEUE(self, name, many) \
    {.common.base = IMMORTAL(self, TYMPAN_QUEUE), .label = (name), .concurrent = (many)}

struct dispatch_queue_attr_s {
    int concurrent;
};

struct dispatch_queue_s _dispatch_main_q = STATIC_QUEUE(_dispatch_main_q, "com.apple.main-thread", 0);
struct dispatch_queue_attr_s _dispatch_queue_attr_concurrent = {1};
static struct dispatch_queue_s global_queues[] = {
    STATIC_QUEUE(global_queues[0], "com.apple.root.background-qos", 1),
    STATIC_QUEUE(global_queues[1], "com.apple.root.utility-qos", 1),
    STATIC_QUEUE(global_queues[2], "com.apple.root.default-qos", 1),
    STATIC_QUEUE(global_queues[3], "com.apple.root.user-initiated-qos", 1),
};

static void queues_begin(void)
{
    object_publish(&_dispatch_main_q);
    for (size_t i = 0; i < sizeof global_queues / sizeof *global_queues; i++)
        object_publish(&global_queues[i]);
}

/* A queue, source or semaphore. */
static dispatch_common *dispatch_check(const void *reference, tympan_call call)
{
    tympan_object *object = object_check(reference, call);
    if (!object || object->kind == TYMPAN_QUEUE || object->kind == TYMPAN_SOURCE || object->kind == TYMPAN_SEMAPHORE)
        return (dispatch_common *)object;
    problem(TYMPAN_WRONG_TYPE, call, "%s of a %s", call.name, name_of(object));
    return NULL;
}

dispatch_queue_t dispatch_queue_create(const char *label, dispatch_queue_attr_t attributes)
{
    struct dispatch_queue_s *queue = object_create(TYMPAN_QUEUE, 0, sizeof *queue, CALL);
    queue->label = strdup(label ? label : "");
    queue->concurrent = attributes == DISPATCH_QUEUE_CONCURRENT;
    return (dispatch_queue_t)object_publish(queue);
}

/* The quality of service changes nothing here. */
dispatch_queue_attr_t dispatch_queue_attr_make_with_qos_class(dispatch_queue_attr_t attributes, unsigned int quality,
                                                              int priority)
{
    (void)quality, (void)priority;
    return attributes;
}

/* By priority, or by the quality of service that replaced it. */
dispatch_queue_t dispatch_get_global_queue(long priority, unsigned long flags)
{
    (void)flags;
    int place = priority == 2 || priority == 0x19 || priority == 0x21 ? 3 : priority == -2 || priority == 0x11 ? 1
              : priority == INT16_MIN || priority == 0x09 ? 0 : 2;
    return &global_queues[place];
}

const char *dispatch_queue_get_label(dispatch_queue_t reference)
{
    struct dispatch_queue_s *queue = checked(reference, TYMPAN_QUEUE, CALL);
    return queue ? queue->label : "";
}

void dispatch_retain(dispatch_object_t object)
{
    if (dispatch_check(object, CALL))
        object_retain(object, CALL);
}

void dispatch_release(dispatch_object_t object)
{
    if (dispatch_check(object, CALL))
        object_release(object, CALL);
}

void *dispatch_get_context(dispatch_object_t object)
{
    dispatch_common *common = dispatch_check(object, CALL);
    return common ? common->context : NULL;
}

void dispatch_set_context(dispatch_object_t object, void *context)
{
    dispatch_common *common = dispatch_check(object, CALL);
    if (common)
        common->context = context;
}

static void queue_free(tympan_object *object)
{
    free(((struct dispatch_queue_s *)object)->label);
}

static size_t queue_weigh(tympan_object *object)
{
    return memory_of(((struct dispatch_queue_s *)object)->label);
}

static void queue_describe(tympan_object *object, char *text, size_t size)
{
    snprintf(text, size, "dispatch queue \"%.80s\"", ((struct dispatch_queue_s *)object)->label);
}

/* --- the line ------------------------------------------------------------------------------- */

/* With the lock. The queue is held already. */
static void line_append(queued_work *work)
{
    work->next = NULL;
    work->number = ++queues.numbers;
    *(queues.last ? &queues.last->next : &queues.first) = work;
    queues.last = work;
    queues.waiting++;
    pthread_cond_broadcast(&queues.changed);
}

static queued_work *work_make(dispatch_queue_t queue, void *context, dispatch_function_t function,
                              dispatch_function_t drop, tympan_call call)
{
    queued_work *work = calloc(1, sizeof *work);
    if (!work)
        abort(); /* as libdispatch does */
    object_hold(queue, call);
    work->queue = queue;
    work->function = function;
    work->drop = drop;
    work->context = context;
    return work;
}

/* It will not be done. Without the lock. */
static void work_forget(queued_work *work, const char *why)
{
    if (work->drop)
        work->drop(work->context);
    object_drop(work->queue, (tympan_call){why, NULL});
    free(work);
}

static void queue_add(dispatch_queue_t queue, void *context, dispatch_function_t function, dispatch_function_t drop,
                      tympan_call call)
{
    queued_work *work = work_make(queue, context, function, drop, call);
    pthread_mutex_lock(&queues.lock);
    line_append(work);
    pthread_mutex_unlock(&queues.lock);
}

static int queue_is_free(const struct dispatch_queue_s *queue)
{
    return !queue->suspended && (queue->concurrent || !queue->busy);
}

/* Takes the first piece of work that may be done, of `only` or of any queue. With the lock. */
static queued_work *line_take(dispatch_queue_t only)
{
    queued_work **link = &queues.first, *before = NULL;
    while (*link && ((only && (*link)->queue != only) || !queue_is_free((*link)->queue)))
        before = *link, link = &(*link)->next;
    queued_work *work = *link;
    if (!work)
        return NULL;
    *link = work->next;
    if (!*link && queues.last == work)
        queues.last = before;
    queues.waiting--;
    return work;
}

/* Does one piece of work, if there is one. With the lock, which it gives up meanwhile. */
static int queue_step(dispatch_queue_t only)
{
    timers_collect();
    queued_work *work = line_take(only);
    if (!work)
        return 0;
    dispatch_queue_t queue = work->queue;
    unsigned before = queue->busy; /* of a concurrent queue it says nothing */
    queue->busy = thread_number();
    queues.running++;
    pthread_mutex_unlock(&queues.lock);
    work->function(work->context);
    pthread_mutex_lock(&queues.lock);
    queue->busy = before;
    pthread_cond_broadcast(&queues.changed);
    pthread_mutex_unlock(&queues.lock);
    object_drop(queue, (tympan_call){"the end of queued work", NULL});
    free(work);
    pthread_mutex_lock(&queues.lock);
    queues.running--; /* only now: who waits for all work to be done may then look for what is still held */
    queues.done++;
    pthread_cond_broadcast(&queues.changed);
    return 1;
}

static struct timespec real_time_in(uint64_t ns)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end); /* pthread_cond_timedwait's clock */
    ns = ns > 1000000000ull * 86400 ? 1000000000ull * 86400 : ns;
    end.tv_sec += (time_t)(ns / 1000000000u);
    end.tv_nsec += (long)(ns % 1000000000u);
    if (end.tv_nsec >= 1000000000)
        end.tv_sec++, end.tv_nsec -= 1000000000;
    return end;
}

/* Waits until something changes, or for so long. With the lock; 0 when the time is over. */
static int queue_wait(uint64_t ns)
{
    struct timespec end = real_time_in(ns);
    if (ns == UINT64_MAX)
        return pthread_cond_wait(&queues.changed, &queues.lock) == 0;
    return pthread_cond_timedwait(&queues.changed, &queues.lock, &end) != ETIMEDOUT;
}

/* --- what drivers call ------------------------------------------------------------------------ */

void dispatch_async_f(dispatch_queue_t queue, void *context, dispatch_function_t function)
{
    if (checked(queue, TYMPAN_QUEUE, CALL))
        queue_add(queue, context, function, NULL, CALL);
}

/* Whether work that was queued before `number` is still to be done, or being done. With the lock. */
static int queue_has_earlier(dispatch_queue_t queue, uint64_t number)
{
    queued_work *work = queues.first;
    while (work && (work->queue != queue || work->number > number))
        work = work->next;
    return work || !queue_is_free(queue);
}

/* Does it on the caller's thread, behind what the queue has to do before. Where nobody else would, that too is
 * done here. */
static void queue_sync(dispatch_queue_t reference, void *context, dispatch_function_t function, tympan_call call)
{
    struct dispatch_queue_s *queue = checked(reference, TYMPAN_QUEUE, call);
    if (!queue)
        return;
    if (!queue->concurrent) {
        pthread_mutex_lock(&queues.lock);
        uint64_t number = queues.numbers;
        int deadlock = queue->busy == thread_number();
        while (!deadlock && queue_has_earlier(reference, number))
            if (queues.threaded || !queue_step(reference))
                queue_wait(UINT64_MAX);
        unsigned before = queue->busy;
        queue->busy = thread_number();
        pthread_mutex_unlock(&queues.lock);
        if (deadlock)
            problem(TYMPAN_MISUSE, call, "%s onto dispatch queue \"%.80s\" from its own work, which waits for ever",
                    call.name, queue->label);
        function(context);
        pthread_mutex_lock(&queues.lock);
        queue->busy = before;
        pthread_cond_broadcast(&queues.changed);
        pthread_mutex_unlock(&queues.lock);
    } else {
        function(context);
    }
}

void dispatch_sync_f(dispatch_queue_t queue, void *context, dispatch_function_t function)
{
    queue_sync(queue, context, function, CALL);
}

/* The predicate is 0, then 1 while the function runs, then -1, as Apple's inline check expects. */
static void once(dispatch_once_t *predicate, void *context, dispatch_function_t function)
{
    dispatch_once_t none = 0;
    if (__atomic_load_n(predicate, __ATOMIC_ACQUIRE) == -1)
        return;
    if (__atomic_compare_exchange_n(predicate, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
        function(context);
        pthread_mutex_lock(&queues.lock);
        __atomic_store_n(predicate, -1, __ATOMIC_RELEASE);
        pthread_cond_broadcast(&queues.changed);
        pthread_mutex_unlock(&queues.lock);
        return;
    }
    pthread_mutex_lock(&queues.lock);
    while (__atomic_load_n(predicate, __ATOMIC_ACQUIRE) != -1)
        queue_wait(UINT64_MAX);
    pthread_mutex_unlock(&queues.lock);
}

void dispatch_once_f(dispatch_once_t *predicate, void *context, dispatch_function_t function)
{
    once(predicate, context, function);
}

/* --- with blocks -------------------------------------------------------------------------------- */

static void block_run_once(void *literal)
{
    block_invoke(literal);
    _Block_release(literal);
}

PUBLIC void dispatch_async(dispatch_queue_t queue, void *literal)
{
    if (checked(queue, TYMPAN_QUEUE, CALL))
        queue_add(queue, _Block_copy(literal), block_run_once, block_drop, CALL);
}

PUBLIC void dispatch_sync(dispatch_queue_t queue, void *literal)
{
    queue_sync(queue, literal, block_invoke, CALL);
}

PUBLIC void dispatch_once(dispatch_once_t *predicate, void *literal)
{
    once(predicate, literal, block_invoke);
}

/* --- the host's side ------------------------------------------------------------------------------ */

static void *queue_worker(void *unused)
{
    pthread_mutex_lock(&queues.lock);
    while (queues.threaded)
        if (!queue_step(NULL))
            queue_wait(timers_next_real());
    pthread_mutex_unlock(&queues.lock);
    return unused;
}

void tympan_queue_set_threaded(int threaded)
{
    pthread_mutex_lock(&queues.lock);
    int change = queues.threaded != threaded;
    queues.threaded = threaded;
    pthread_cond_broadcast(&queues.changed);
    pthread_mutex_unlock(&queues.lock);
    for (int i = 0; change && i < WORKERS; i++)
        if (threaded)
            pthread_create(&queues.workers[i], NULL, queue_worker, NULL);
        else
            pthread_join(queues.workers[i], NULL);
}

int64_t tympan_queue_pump(int64_t milliseconds)
{
    static _Thread_local int inside; /* work that pumps: the outer pump goes on with it */
    if (inside)
        return 0;
    uint64_t end = clock_nanoseconds() + (uint64_t)milliseconds * 1000000;
    int in_time = 1;
    inside = 1;
    pthread_mutex_lock(&queues.lock);
    uint64_t before = queues.done;
    timers_collect();
    while (in_time && (queues.first || queues.running))
        if (queues.threaded || !queue_step(NULL)) {
            uint64_t now = clock_nanoseconds();
            in_time = now < end && queue_wait(end - now);
        }
    int64_t done = in_time ? (int64_t)(queues.done - before) : -1;
    pthread_mutex_unlock(&queues.lock);
    inside = 0;
    return done;
}

uint64_t tympan_queue_pending(void)
{
    pthread_mutex_lock(&queues.lock);
    timers_collect();
    uint64_t pending = queues.waiting + queues.running;
    pthread_mutex_unlock(&queues.lock);
    return pending;
}
