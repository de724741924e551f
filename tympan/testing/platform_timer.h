/*
 * dispatch_after, timer sources and semaphores; included once, by _platform.pyx.
 *
 * A dispatch_time_t is ticks of mach_absolute_time, or with its highest bit set ticks of
 * mach_continuous_time, which go on while the machine sleeps. Virtual time decides on the
 * virtual clock: what is due in the future is done when the host has moved the clock there.
 */

#define TIME_IS_WALL (1ull << 63)
typedef struct timer {
    struct timer *next; /* in the order of making */
    dispatch_time_t when;
    queued_work *work;                /* of dispatch_after, or NULL */
    struct dispatch_source_s *source; /* of a source */
} timer;

struct dispatch_source_s {
    dispatch_common common;
    dispatch_queue_t queue; /* held */
    dispatch_function_t handler, cancelled_handler;
    block *handler_block, *cancelled_block;
    uint64_t interval; /* ticks; 0 or UINT64_MAX: once */
    int suspended, active, cancelled;
    int fired; /* while it was suspended */
    int queued;
};

struct dispatch_source_type_s {
    int what;
};

const struct dispatch_source_type_s _dispatch_source_type_timer = {1};

static timer *timers; /* with the queues' lock */

/* --- times ---------------------------------------------------------------------------------- */

dispatch_time_t dispatch_time(dispatch_time_t when, int64_t nanoseconds)
{
    if (when == DISPATCH_TIME_FOREVER)
        return when;
    uint64_t wall = when & TIME_IS_WALL;
    if (when == DISPATCH_TIME_NOW)
        when = mach_absolute_time();
    else if (when == DISPATCH_WALLTIME_NOW)
        when = mach_continuous_time();
    when &= ~TIME_IS_WALL;
    uint64_t ticks = clock_from_ns(nanoseconds < 0 ? -(uint64_t)nanoseconds : (uint64_t)nanoseconds);
    if (nanoseconds < 0)
        return wall | (ticks < when ? when - ticks : 1); /* 0 would be now */
    return ticks > TIME_IS_WALL - 2 - when ? DISPATCH_TIME_FOREVER : wall | (when + ticks);
}

/* NULL is now. Wall time here is CFAbsoluteTimeGetCurrent's. */
dispatch_time_t dispatch_walltime(const struct timespec *when, int64_t nanoseconds)
{
    if (when) {
        CFAbsoluteTime now = CFAbsoluteTimeGetCurrent() + kCFAbsoluteTimeIntervalSince1970;
        nanoseconds += (int64_t)(((double)when->tv_sec - now) * 1e9) + when->tv_nsec;
    }
    return dispatch_time(DISPATCH_WALLTIME_NOW, nanoseconds);
}

/* Ticks until then, negative when it is past. */
static int64_t ticks_ahead(dispatch_time_t when)
{
    uint64_t now = when & TIME_IS_WALL ? mach_continuous_time() : mach_absolute_time();
    return when == DISPATCH_TIME_FOREVER ? INT64_MAX : (int64_t)((when & ~TIME_IS_WALL) - now);
}

/* The same, 0 when it is past, UINT64_MAX when it never comes. */
static uint64_t ticks_until(dispatch_time_t when)
{
    int64_t ticks = ticks_ahead(when);
    return ticks == INT64_MAX ? UINT64_MAX : ticks > 0 ? (uint64_t)ticks : 0;
}

/* How long to wait in real time for something that is due then: a moment, when somebody else moves the clock. */
static uint64_t real_ns_until(dispatch_time_t when)
{
    uint64_t ticks = ticks_until(when);
    if (ticks == 0 || ticks == UINT64_MAX)
        return ticks;
    return tympan_clock_is_virtual() ? 1000000 : clock_to_ns(ticks) + 1;
}

/* --- the list: with the lock --------------------------------------------------------------------- */

static void timer_append(timer *entry)
{
    timer **link = &timers;
    while (*link)
        link = &(*link)->next;
    entry->next = NULL;
    *link = entry;
    pthread_cond_broadcast(&queues.changed);
}

/* The link to what is due first. Not kept sorted: which is first changes while the machine sleeps. */
static timer **timer_first(void)
{
    timer **first = &timers;
    for (timer **link = &timers; *link; link = &(*link)->next)
        if (ticks_ahead((*link)->when) < ticks_ahead((*first)->when))
            first = link;
    return first;
}

static void source_run(void *reference);

static void source_queue(struct dispatch_source_s *source)
{
    if (source->suspended || !source->active) {
        source->fired = 1;
        return;
    }
    source->fired = 0;
    if (source->queued)
        return; /* what was missed is one event */
    if (!object_hold_living(&source->common.base))
        return; /* it is about to end */
    source->queued = 1;
    line_append(work_make(source->queue, source, source_run, NULL, (tympan_call){"a timer", NULL}));
}

/* Where a repeating timer is due next: at a whole number of intervals behind the first. */
static dispatch_time_t timer_next(dispatch_time_t when, uint64_t interval)
{
    uint64_t now = when & TIME_IS_WALL ? mach_continuous_time() : mach_absolute_time();
    uint64_t ticks = when & ~TIME_IS_WALL;
    return (when & TIME_IS_WALL) | (ticks + ((now - ticks) / interval + 1) * interval);
}

static void timers_collect(void)
{
    timer **first;
    while (timers && ticks_until((*(first = timer_first()))->when) == 0) {
        timer *due = *first;
        *first = due->next;
        if (due->work)
            line_append(due->work);
        else
            source_queue(due->source);
        if (due->source && due->source->interval && due->source->interval != UINT64_MAX) {
            due->when = timer_next(due->when, due->source->interval);
            timer_append(due);
        } else {
            free(due);
        }
    }
}

static uint64_t timers_next_real(void)
{
    return timers ? real_ns_until((*timer_first())->when) : UINT64_MAX;
}

static void timers_remove(const struct dispatch_source_s *source)
{
    for (timer **link = &timers; *link;) {
        timer *entry = *link;
        if (entry->source == source) {
            *link = entry->next;
            free(entry);
        } else {
            link = &entry->next;
        }
    }
}

static void timer_add(dispatch_time_t when, queued_work *work, struct dispatch_source_s *source)
{
    timer *entry = malloc(sizeof *entry);
    if (!entry)
        abort();
    *entry = (timer){NULL, when, work, source};
    timer_append(entry);
}

/* --- what the host calls ----------------------------------------------------------------------------- */

uint64_t tympan_queue_next_timer(void)
{
    pthread_mutex_lock(&queues.lock);
    uint64_t ticks = timers ? ticks_until((*timer_first())->when) : UINT64_MAX;
    pthread_mutex_unlock(&queues.lock);
    return ticks == UINT64_MAX ? ticks : mach_absolute_time() + ticks;
}

void tympan_queue_drop_timers(void)
{
    pthread_mutex_lock(&queues.lock);
    timer *all = timers;
    timers = NULL;
    pthread_mutex_unlock(&queues.lock);
    while (all) {
        timer *entry = all;
        all = entry->next;
        if (entry->work)
            work_forget(entry->work, "the end of the clock");
        free(entry);
    }
}

void tympan_queue_drop_work(void)
{
    tympan_queue_drop_timers();
    pthread_mutex_lock(&queues.lock);
    queued_work *all = queues.first;
    queues.first = queues.last = NULL;
    queues.waiting = 0;
    pthread_mutex_unlock(&queues.lock);
    while (all) {
        queued_work *work = all;
        all = work->next;
        work_forget(work, "the end of its driver");
    }
}

/* --- dispatch_after ------------------------------------------------------------------------------------ */

static void after(dispatch_time_t when, dispatch_queue_t queue, void *context, dispatch_function_t function,
                  dispatch_function_t drop, tympan_call call)
{
    queued_work *work = work_make(queue, context, function, drop, call);
    pthread_mutex_lock(&queues.lock);
    timer_add(when, work, NULL);
    pthread_mutex_unlock(&queues.lock);
}

void dispatch_after_f(dispatch_time_t when, dispatch_queue_t queue, void *context, dispatch_function_t function)
{
    if (checked(queue, TYMPAN_QUEUE, CALL))
        after(when, queue, context, function, NULL, CALL);
}

PUBLIC void dispatch_after(dispatch_time_t when, dispatch_queue_t queue, void *literal)
{
    if (checked(queue, TYMPAN_QUEUE, CALL))
        after(when, queue, _Block_copy(literal), block_run_once, block_drop, CALL);
}

/* --- sources: timers only ----------------------------------------------------------------------------- */

/* NULL for other types than a timer. It begins inactive. */
dispatch_source_t dispatch_source_create(dispatch_source_type_t type, unsigned long handle, unsigned long mask,
                                         dispatch_queue_t queue)
{
    (void)handle, (void)mask;
    if (type != DISPATCH_SOURCE_TYPE_TIMER || (queue && !checked(queue, TYMPAN_QUEUE, CALL)))
        return NULL;
    struct dispatch_source_s *source = object_create(TYMPAN_SOURCE, 0, sizeof *source, CALL);
    source->queue = queue ? queue : &global_queues[2];
    object_hold(source->queue, CALL);
    return (dispatch_source_t)object_publish(source);
}

void dispatch_source_set_timer(dispatch_source_t reference, dispatch_time_t start, uint64_t interval, uint64_t leeway)
{
    (void)leeway;
    struct dispatch_source_s *source = checked(reference, TYMPAN_SOURCE, CALL);
    if (!source)
        return;
    pthread_mutex_lock(&queues.lock);
    timers_remove(source);
    source->interval = interval == DISPATCH_TIME_FOREVER ? interval : clock_from_ns(interval);
    if (interval && !source->interval)
        source->interval = 1;
    if (!source->cancelled && start != DISPATCH_TIME_FOREVER)
        timer_add(start == DISPATCH_TIME_NOW ? mach_absolute_time() : start, NULL, source);
    pthread_mutex_unlock(&queues.lock);
}

/* Takes over a copy of a block, or a function. */
static void source_set(dispatch_source_t reference, int cancel, dispatch_function_t function, const void *literal,
                       tympan_call call)
{
    struct dispatch_source_s *source = checked(reference, TYMPAN_SOURCE, call);
    if (!source)
        return;
    block *copy = _Block_copy(literal);
    pthread_mutex_lock(&queues.lock);
    block **place = cancel ? &source->cancelled_block : &source->handler_block, *old = *place;
    *place = copy;
    *(cancel ? &source->cancelled_handler : &source->handler) = function;
    pthread_mutex_unlock(&queues.lock);
    _Block_release(old);
}

void dispatch_source_set_event_handler_f(dispatch_source_t source, dispatch_function_t handler)
{
    source_set(source, 0, handler, NULL, CALL);
}

void dispatch_source_set_cancel_handler_f(dispatch_source_t source, dispatch_function_t handler)
{
    source_set(source, 1, handler, NULL, CALL);
}

PUBLIC void dispatch_source_set_event_handler(dispatch_source_t source, void *literal)
{
    source_set(source, 0, NULL, literal, CALL);
}

PUBLIC void dispatch_source_set_cancel_handler(dispatch_source_t source, void *literal)
{
    source_set(source, 1, NULL, literal, CALL);
}

static void source_call(struct dispatch_source_s *source, dispatch_function_t function, block *literal)
{
    if (literal)
        literal->invoke(literal);
    else if (function)
        function(source->common.context);
    _Block_release(literal);
    object_drop(source, (tympan_call){"the end of a timer", NULL});
}

/* On the source's queue. */
static void source_run(void *reference)
{
    struct dispatch_source_s *source = reference;
    pthread_mutex_lock(&queues.lock);
    source->queued = 0;
    int wanted = !source->cancelled;
    dispatch_function_t function = wanted ? source->handler : NULL;
    block *literal = wanted ? _Block_copy(source->handler_block) : NULL;
    pthread_mutex_unlock(&queues.lock);
    source_call(source, function, literal);
}

static void source_run_cancelled(void *reference)
{
    struct dispatch_source_s *source = reference;
    pthread_mutex_lock(&queues.lock);
    block *literal = _Block_copy(source->cancelled_block);
    pthread_mutex_unlock(&queues.lock);
    source_call(source, source->cancelled_handler, literal);
}

/* No event after this but one that is being handled; then the cancel handler, on the queue. */
void dispatch_source_cancel(dispatch_source_t reference)
{
    struct dispatch_source_s *source = checked(reference, TYMPAN_SOURCE, CALL);
    if (!source)
        return;
    pthread_mutex_lock(&queues.lock);
    int first = !source->cancelled;
    source->cancelled = 1;
    timers_remove(source);
    pthread_mutex_unlock(&queues.lock);
    if (first) {
        object_hold(source, CALL);
        queue_add(source->queue, source, source_run_cancelled, NULL, CALL);
    }
}

long dispatch_source_testcancel(dispatch_source_t reference)
{
    struct dispatch_source_s *source = checked(reference, TYMPAN_SOURCE, CALL);
    pthread_mutex_lock(&queues.lock);
    long cancelled = source && source->cancelled;
    pthread_mutex_unlock(&queues.lock);
    return cancelled;
}

static void source_end(tympan_object *object)
{
    struct dispatch_source_s *source = (struct dispatch_source_s *)object;
    pthread_mutex_lock(&queues.lock);
    timers_remove(source);
    pthread_mutex_unlock(&queues.lock);
    _Block_release(source->handler_block);
    _Block_release(source->cancelled_block);
    object_drop(source->queue, (tympan_call){"release by a dispatch source", NULL});
}

/* --- suspending ------------------------------------------------------------------------------------------- */

static void suspend(dispatch_object_t reference, int by, tympan_call call)
{
    dispatch_common *common = dispatch_check(reference, call);
    if (!common || common->base.kind == TYMPAN_SEMAPHORE)
        return;
    struct dispatch_source_s *source = common->base.kind == TYMPAN_SOURCE ? (struct dispatch_source_s *)common : NULL;
    int *suspended = source ? &source->suspended : &((struct dispatch_queue_s *)common)->suspended;
    pthread_mutex_lock(&queues.lock);
    int activates = source && by < 0 && !source->active, too_often = by < 0 && !activates && !*suspended;
    if (activates)
        source->active = 1;
    else if (!too_often)
        *suspended += by;
    if (source && source->active && !source->suspended && source->fired)
        source_queue(source);
    pthread_cond_broadcast(&queues.changed);
    pthread_mutex_unlock(&queues.lock);
    if (too_often)
        problem(TYMPAN_MISUSE, call, "%s of a %s that is not suspended", call.name, name_of(&common->base));
}

void dispatch_suspend(dispatch_object_t object)
{
    suspend(object, 1, CALL);
}

/* The first of a source activates it. */
void dispatch_resume(dispatch_object_t object)
{
    suspend(object, -1, CALL);
}

void dispatch_activate(dispatch_object_t object)
{
    dispatch_common *common = dispatch_check(object, CALL);
    if (common && common->base.kind == TYMPAN_SOURCE && !((struct dispatch_source_s *)common)->active)
        suspend(object, -1, CALL);
}
