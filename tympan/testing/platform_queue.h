/*
 * libdispatch's serial queues over platform_objects.h; included once, by _platform.pyx.
 *
 * All work stands in one line, so work of one queue runs in order and never
 * twice at a time, which is what a serial queue promises.
 */

#include <errno.h>
#include <time.h>

typedef struct queued_work {
    struct queued_work *next;
    tympan_object *queue; /* retained until the work is done, as libdispatch does */
    dispatch_function_t function;
    void *context;
} queued_work;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    queued_work *first, *last;
    uint64_t waiting; /* in the line */
    uint64_t done;
    int running;      /* a piece of work is being done */
    int threaded;
    pthread_t worker;
} queues = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

dispatch_queue_t dispatch_queue_create(const char *label, dispatch_queue_attr_t attributes)
{
    (void)attributes; /* concurrent queues run serially too */
    return (dispatch_queue_t)object_create(TYMPAN_QUEUE, label ? label : "", label ? (CFIndex)strlen(label) : 0);
}

void dispatch_release(dispatch_object_t object)
{
    object_release(object, "dispatch_release");
}

void dispatch_async_f(dispatch_queue_t queue, void *context, dispatch_function_t function)
{
    if (!checked(queue, TYMPAN_QUEUE, "dispatch_async_f"))
        return;
    queued_work *work = calloc(1, sizeof *work);
    if (!work)
        abort(); /* as libdispatch does */
    object_retain(queue, "dispatch_async_f");
    *work = (queued_work){NULL, (tympan_object *)queue, function, context};
    pthread_mutex_lock(&queues.lock);
    *(queues.last ? &queues.last->next : &queues.first) = work;
    queues.last = work;
    queues.waiting++;
    pthread_cond_broadcast(&queues.changed);
    pthread_mutex_unlock(&queues.lock);
}

/* Does the first piece of work, if nobody is doing one. With the lock, which it gives up meanwhile. */
static int queue_step(void)
{
    queued_work *work = queues.running ? NULL : queues.first;
    if (!work)
        return 0;
    queues.first = work->next;
    if (!queues.first)
        queues.last = NULL;
    queues.waiting--;
    queues.running = 1;
    pthread_mutex_unlock(&queues.lock);
    work->function(work->context);
    object_release(work->queue, "dispatch_async_f");
    free(work);
    pthread_mutex_lock(&queues.lock);
    queues.running = 0;
    queues.done++;
    pthread_cond_broadcast(&queues.changed);
    return 1;
}

static void *queue_worker(void *unused)
{
    pthread_mutex_lock(&queues.lock);
    while (queues.threaded)
        if (!queue_step())
            pthread_cond_wait(&queues.changed, &queues.lock);
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
    if (change && threaded)
        pthread_create(&queues.worker, NULL, queue_worker, NULL);
    else if (change)
        pthread_join(queues.worker, NULL);
}

static struct timespec queue_deadline(int64_t milliseconds)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end); /* pthread_cond_timedwait's clock */
    end.tv_sec += milliseconds / 1000;
    end.tv_nsec += milliseconds % 1000 * 1000000;
    if (end.tv_nsec >= 1000000000)
        end.tv_sec++, end.tv_nsec -= 1000000000;
    return end;
}

/* With the real worker (or another thread's pump) at work, wait for it. */
static int queue_wait(const struct timespec *end)
{
    return pthread_cond_timedwait(&queues.changed, &queues.lock, end) != ETIMEDOUT;
}

int64_t tympan_queue_pump(int64_t milliseconds)
{
    static _Thread_local int inside; /* work that pumps: the outer pump goes on with it */
    if (inside)
        return 0;
    struct timespec end = queue_deadline(milliseconds);
    int in_time = 1;
    inside = 1;
    pthread_mutex_lock(&queues.lock);
    uint64_t before = queues.done;
    while (in_time && (queues.first || queues.running))
        if (queues.threaded || !queue_step())
            in_time = queue_wait(&end);
    int64_t done = in_time ? (int64_t)(queues.done - before) : -1;
    pthread_mutex_unlock(&queues.lock);
    inside = 0;
    return done;
}

uint64_t tympan_queue_pending(void)
{
    pthread_mutex_lock(&queues.lock);
    uint64_t pending = queues.waiting + (uint64_t)queues.running;
    pthread_mutex_unlock(&queues.lock);
    return pending;
}
