/* What a host does between calls, and the return to rest after an episode; included by fuzz.h. */

enum fuzz_steps { STEP_PUMP = 32, STEP_ADVANCE, STEP_POLICY, STEP_PERFORM, STEP_ABORT, STEP_IDLE, STEPS_END };

/* Every client that is started, stopped or started again. One that does not start again is not stopped either. */
static void all_clients(fuzz *f, UInt32 id, int start)
{
    AudioServerPlugInDriverRef d = f->driver;
    fuzz_device *device = device_of(f, id);
    for (UInt32 client = 0; device && client < FUZZ_CLIENTS; client++) {
        unsigned wanted = device->client[client].started, done = 0;
        for (unsigned n = 0; n < wanted; n++)
            done += (start ? (*d)->StartIO(d, id, client) : (*d)->StopIO(d, id, client)) == 0;
        if (start)
            device->client[client].started = (UInt8)done;
    }
}

/* A configuration change as a host carries it out: with IO stopped, or (a host that forgets) not. */
static OSStatus perform_change(fuzz *f, UInt32 device, UInt64 action, void *info, int stopped)
{
    AudioServerPlugInDriverRef d = f->driver;
    pthread_rwlock_wrlock(&f->io);
    fuzz_performing = 1;
    if (stopped)
        all_clients(f, device, 0);
    OSStatus status = (*d)->PerformDeviceConfigurationChange(d, device, action, info);
    learn_formats(f);
    f->stale = 1;
    if (stopped)
        all_clients(f, device, 1);
    fuzz_performing = 0;
    pthread_rwlock_unlock(&f->io);
    return status;
}

static void abort_change(fuzz *f, UInt32 device, UInt64 action, void *info)
{
    pthread_rwlock_wrlock(&f->io);
    fuzz_performing = 1;
    (*f->driver)->AbortDeviceConfigurationChange(f->driver, device, action, info);
    fuzz_performing = 0;
    pthread_rwlock_unlock(&f->io);
}

static void fuzz_pump(fuzz *f)
{
    if (tympan_queue_pump(60000) < 0)
        fuzz_fail(f, FAIL_HOST_CALL, "queued work did not come to an end");
}

/* Requests without end are a failure; one that comes of settling another is not. */
static void settle(fuzz *f, int perform)
{
    UInt32 device;
    UInt64 action;
    void *info;
    for (int i = 0; i < 1000; i++) {
        fuzz_pump(f);
        if (!request_take(f, &device, &action, &info))
            return;
        if (perform)
            perform_change(f, device, action, info, 1);
        else
            abort_change(f, device, action, info);
    }
    fuzz_fail(f, FAIL_HOST_CALL, "configuration changes did not come to an end");
}

static void client_remove(fuzz *f, UInt32 device, UInt32 client)
{
    AudioServerPlugInClientInfo info = {.mClientID = client, .mProcessID = 501, .mIsNativeEndian = 1};
    (*f->driver)->RemoveDeviceClient(f->driver, device, &info);
}

/* No IO, no clients, nothing queued or requested, no reference but the host's own. One thread. */
static void fuzz_idle(fuzz *f)
{
    for (unsigned i = 0; i < f->device_count; i++) {
        fuzz_device *device = &f->devices[i];
        all_clients(f, device->id, 0);
        for (UInt32 client = 0; client < FUZZ_CLIENTS; client++) {
            if (device->client[client].added)
                client_remove(f, device->id, client);
            device->client[client].added = device->client[client].started = 0;
        }
    }
    for (unsigned i = 0; i < FUZZ_THREADS; i++)
        for (; f->thread[i].references; f->thread[i].references--)
            (*f->driver)->Release(f->driver);
    f->policy = POLICY_STORAGE;
    settle(f, 0);
    for (unsigned i = 0; i < FUZZ_KEYS; i++)
        stored_clear(f, i);
    if (f->stale)
        learn(f);
}

/* A step of the script. */
static void fuzz_step(fuzz *f, const hal_call *c)
{
    UInt32 device;
    UInt64 action;
    void *info;
    switch (c->slot) {
    case STEP_PUMP: fuzz_pump(f); break;
    case STEP_ADVANCE: tympan_clock_reach(mach_absolute_time() + c->action); break;
    case STEP_POLICY: f->policy = c->policy; break;
    case STEP_IDLE: fuzz_idle(f); break;
    case STEP_PERFORM:
        if (request_take(f, &device, &action, &info))
            perform_change(f, device, action, info, c->policy & 1);
        break;
    case STEP_ABORT:
        if (request_take(f, &device, &action, &info))
            abort_change(f, device, action, info);
        break;
    }
}
