/*
 * Semaphores of libdispatch and of Mach; included once, by _platform.pyx.
 *
 * Who waits while queues are run by hand does queued work meanwhile, since nobody else would.
 * A time-out of the virtual clock is over when that clock says so, or after as much real time.
 */

struct dispatch_semaphore_s {
    dispatch_common common;
    long value, original;
};

/* With the queues' lock: waits until *value is above `least`, or *epoch has changed. Whether it is. */
static int value_wait(const long *value, long least, const unsigned *epoch, uint64_t ns)
{
    unsigned first = epoch ? *epoch : 0;
    uint64_t begin = clock_nanoseconds(), ticks = mach_absolute_time();
    while (*value <= least && (!epoch || *epoch == first)) {
        uint64_t passed = clock_nanoseconds() - begin, now = mach_absolute_time();
        uint64_t moved = now > ticks ? clock_to_ns(now - ticks) : 0;
        if (ns != UINT64_MAX && (passed >= ns || (tympan_clock_is_virtual() && moved >= ns)))
            return 0;
        if (queues.threaded || !queue_step(NULL))
            queue_wait(ns == UINT64_MAX ? ns : tympan_clock_is_virtual() ? 1000000 : ns - passed);
    }
    return 1;
}

dispatch_semaphore_t dispatch_semaphore_create(long value)
{
    if (value < 0)
        return NULL;
    struct dispatch_semaphore_s *semaphore = object_create(TYMPAN_SEMAPHORE, 0, sizeof *semaphore, CALL);
    semaphore->value = semaphore->original = value;
    return (dispatch_semaphore_t)object_publish(semaphore);
}

/* 0, or not 0 when the time is over. */
long dispatch_semaphore_wait(dispatch_semaphore_t reference, dispatch_time_t timeout)
{
    struct dispatch_semaphore_s *semaphore = checked(reference, TYMPAN_SEMAPHORE, CALL);
    if (!semaphore)
        return KERN_OPERATION_TIMED_OUT;
    uint64_t ticks = timeout == DISPATCH_TIME_NOW ? 0 : ticks_until(timeout);
    pthread_mutex_lock(&queues.lock);
    int taken = value_wait(&semaphore->value, 0, NULL, ticks == UINT64_MAX ? ticks : clock_to_ns(ticks));
    semaphore->value -= taken;
    pthread_mutex_unlock(&queues.lock);
    return taken ? 0 : KERN_OPERATION_TIMED_OUT;
}

/* Whether it woke somebody; here always 0, as if nobody had waited yet. */
long dispatch_semaphore_signal(dispatch_semaphore_t reference)
{
    struct dispatch_semaphore_s *semaphore = checked(reference, TYMPAN_SEMAPHORE, CALL);
    pthread_mutex_lock(&queues.lock);
    if (semaphore)
        semaphore->value++;
    pthread_cond_broadcast(&queues.changed);
    pthread_mutex_unlock(&queues.lock);
    return 0;
}

/* libdispatch stops the process for this. */
static void semaphore_end(tympan_object *object)
{
    struct dispatch_semaphore_s *semaphore = (struct dispatch_semaphore_s *)object;
    if (semaphore->value < semaphore->original)
        problem(TYMPAN_MISUSE, (tympan_call){"dispatch_release", NULL},
                "dispatch_release of a dispatch semaphore that is in use: it began with %ld and has %ld",
                semaphore->original, semaphore->value);
}

/* --- Mach ------------------------------------------------------------------------------------ */

#define MACH_SEMAPHORES 4096u
#define MACH_NAME 0x1003u /* as port names look: a number that is no small index */

mach_port_t mach_task_self_ = 0x203;

static struct {
    long value;
    unsigned epoch; /* one more for each semaphore_signal_all and for the end */
    int used;
} mach_semaphores[MACH_SEMAPHORES]; /* with the queues' lock */

static int mach_place(semaphore_t semaphore)
{
    unsigned place = (semaphore - MACH_NAME) >> 8;
    return semaphore >= MACH_NAME && (semaphore - MACH_NAME) % 256 == 0 && place < MACH_SEMAPHORES &&
                   mach_semaphores[place].used
               ? (int)place : -1;
}

kern_return_t semaphore_create(task_t task, semaphore_t *semaphore, int policy, int value)
{
    (void)policy;
    unsigned place = 0;
    if (task != mach_task_self_ || !semaphore || value < 0)
        return KERN_INVALID_ARGUMENT;
    pthread_mutex_lock(&queues.lock);
    while (place < MACH_SEMAPHORES && mach_semaphores[place].used)
        place++;
    if (place < MACH_SEMAPHORES) {
        mach_semaphores[place].value = value;
        mach_semaphores[place].used = 1;
        *semaphore = MACH_NAME + place * 256;
    }
    pthread_mutex_unlock(&queues.lock);
    return place < MACH_SEMAPHORES ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}

/* Changes one, and wakes who waits. */
static kern_return_t mach_change(semaphore_t semaphore, int by, int wake_all, int end)
{
    pthread_mutex_lock(&queues.lock);
    int place = mach_place(semaphore);
    if (place >= 0) {
        mach_semaphores[place].value += by;
        mach_semaphores[place].epoch += (unsigned)wake_all;
        mach_semaphores[place].used = !end;
        pthread_cond_broadcast(&queues.changed);
    }
    pthread_mutex_unlock(&queues.lock);
    return place >= 0 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}

kern_return_t semaphore_destroy(task_t task, semaphore_t semaphore)
{
    return task == mach_task_self_ ? mach_change(semaphore, 0, 1, 1) : KERN_INVALID_ARGUMENT;
}

kern_return_t semaphore_signal(semaphore_t semaphore)
{
    return mach_change(semaphore, 1, 0, 0);
}

/* Wakes all who wait now, and nobody later. */
kern_return_t semaphore_signal_all(semaphore_t semaphore)
{
    return mach_change(semaphore, 0, 1, 0);
}

static kern_return_t mach_wait(semaphore_t semaphore, uint64_t ns)
{
    pthread_mutex_lock(&queues.lock);
    int place = mach_place(semaphore), woken = 0;
    if (place >= 0) {
        unsigned first = mach_semaphores[place].epoch;
        woken = value_wait(&mach_semaphores[place].value, 0, &mach_semaphores[place].epoch, ns);
        if (woken && mach_semaphores[place].epoch == first)
            mach_semaphores[place].value--;
    }
    int ended = place >= 0 && !mach_semaphores[place].used;
    pthread_mutex_unlock(&queues.lock);
    return place < 0 ? KERN_INVALID_ARGUMENT : ended ? KERN_TERMINATED : woken ? KERN_SUCCESS : KERN_OPERATION_TIMED_OUT;
}

kern_return_t semaphore_wait(semaphore_t semaphore)
{
    return mach_wait(semaphore, UINT64_MAX);
}

kern_return_t semaphore_timedwait(semaphore_t semaphore, mach_timespec_t timeout)
{
    return mach_wait(semaphore, timeout.tv_sec * 1000000000ull + (uint64_t)timeout.tv_nsec);
}
