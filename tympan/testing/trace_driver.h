/* The table that the host sees instead of the driver's: every call is written down, made, and its answer
 * written down; included by trace.h. A record of the call is there before the driver is entered. */

enum trace_kind { TRACE_HOST = 32, TRACE_ANSWER = 64, TRACE_DRIVER, TRACE_STEP_OF_HOST, TRACE_END = 127 };

/* Bytes of a frame and of a canonical one, of the streams whose format a host has read. */
#define TRACE_STREAMS 256
typedef struct trace_stream { _Atomic UInt32 id, bytes, channels; } trace_stream;

typedef struct trace_driver {
    AudioServerPlugInDriverInterface *table; /* first: the host's reference is a pointer to it */
    AudioServerPlugInDriverRef driver;
    struct { AudioServerPlugInHostInterface table; struct trace_driver *owner; } host;
    AudioServerPlugInHostRef real_host;
    unsigned number;
    uint64_t session; /* in which it was introduced */
    trace_stream streams[TRACE_STREAMS];
    struct trace_driver *next;
} trace_driver;

static trace_driver *_Atomic trace_drivers; /* never freed: a driver may call its host at any time */
static _Thread_local trace_driver *trace_recent;

/* The driver behind a reference; for NULL and foreign ones, which hosts pass on purpose, the last one called. */
static trace_driver *trace_find(void *reference)
{
    trace_driver *t = trace_recent;
    if ((void *)t == reference && t)
        return t;
    for (t = trace_drivers; t; t = t->next)
        if ((void *)t == reference)
            return trace_recent = t;
    return trace_recent ? trace_recent : trace_drivers;
}

/* What is handed on in place of the host's reference. */
static AudioServerPlugInDriverRef trace_pass(trace_driver *t, void *reference)
{
    return reference == (void *)t ? t->driver : reference;
}

enum trace_missing { MISSING_DRIVER = 1, MISSING_ADDRESS = 2, MISSING_DATA = 4, MISSING_OUT = 8, MISSING_OUT_2 = 16,
                     MISSING_SECOND = 32 };

static int call_begin(trace_record *r, trace_driver *t, unsigned kind)
{
    if (!put_begin(r, kind))
        return 0;
    put(r, t->number);
    return 1;
}

static int answer_begin(trace_record *r, OSStatus status)
{
    if (!put_begin(r, TRACE_ANSWER))
        return 0;
    put_signed(r, status);
    return 1;
}

static void answer(OSStatus status)
{
    trace_record r;
    if (answer_begin(&r, status))
        put_end(&r);
}

/* --- life -------------------------------------------------------------------------- */

static HRESULT trace_query(void *self, REFIID iid, LPVOID *out)
{
    trace_driver *t = trace_find(self);
    trace_record r;
    if (call_begin(&r, t, 1)) {
        put(&r, out ? 0 : MISSING_OUT);
        put_bytes(&r, &iid, sizeof iid);
        put_end(&r);
    }
    HRESULT status = (*t->driver)->QueryInterface(trace_pass(t, self), iid, out);
    if (answer_begin(&r, status)) {
        put(&r, out && *out);
        put_end(&r);
    }
    if (out && *out == (void *)t->driver)
        *out = t; /* the host goes on with the reference it has */
    return status;
}

static ULONG trace_count(trace_driver *t, void *self, unsigned kind)
{
    trace_record r;
    if (call_begin(&r, t, kind))
        put_end(&r);
    ULONG count = (kind == 2 ? (*t->driver)->AddRef : (*t->driver)->Release)(trace_pass(t, self));
    answer((OSStatus)count);
    return count;
}

static ULONG trace_add_ref(void *self) { return trace_count(trace_find(self), self, 2); }
static ULONG trace_release(void *self) { return trace_count(trace_find(self), self, 3); }

static OSStatus trace_initialize(AudioServerPlugInDriverRef self, AudioServerPlugInHostRef host)
{
    trace_driver *t = trace_find(self);
    trace_record r;
    if (call_begin(&r, t, 4)) {
        put(&r, host ? 0 : MISSING_ADDRESS);
        put_end(&r);
    }
    if (host)
        t->real_host = host;
    OSStatus status = (*t->driver)->Initialize(trace_pass(t, self), host ? &t->host.table : NULL);
    answer(status);
    return status;
}

static OSStatus trace_create(AudioServerPlugInDriverRef self, CFDictionaryRef description,
                             const AudioServerPlugInClientInfo *client, AudioObjectID *out)
{
    trace_driver *t = trace_find(self);
    trace_record r;
    if (call_begin(&r, t, 5)) {
        put(&r, out ? 0 : MISSING_OUT);
        put_end(&r);
    }
    OSStatus status = (*t->driver)->CreateDevice(trace_pass(t, self), description, client, out);
    if (answer_begin(&r, status)) {
        put(&r, out ? *out : 0);
        put_end(&r);
    }
    return status;
}

static OSStatus trace_destroy(AudioServerPlugInDriverRef self, AudioObjectID device)
{
    trace_driver *t = trace_find(self);
    trace_record r;
    if (call_begin(&r, t, 6)) {
        put(&r, device);
        put_end(&r);
    }
    OSStatus status = (*t->driver)->DestroyDevice(trace_pass(t, self), device);
    answer(status);
    return status;
}

static void client_begin(trace_driver *t, unsigned kind, AudioObjectID device, const AudioServerPlugInClientInfo *info)
{
    trace_text text;
    text.far = NULL;
    trace_record r;
    if (!call_begin(&r, t, kind))
        return;
    put(&r, info ? 0 : MISSING_ADDRESS);
    put(&r, device);
    if (info) {
        put(&r, info->mClientID);
        put_signed(&r, info->mProcessID);
        put(&r, info->mIsNativeEndian);
        put_object(&r, (CFTypeRef)info->mBundleID, &text);
    }
    put_end(&r);
    text_done(&text);
}

static OSStatus trace_add_client(AudioServerPlugInDriverRef self, AudioObjectID device,
                                 const AudioServerPlugInClientInfo *info)
{
    trace_driver *t = trace_find(self);
    client_begin(t, 7, device, info);
    OSStatus status = (*t->driver)->AddDeviceClient(trace_pass(t, self), device, info);
    answer(status);
    return status;
}

static OSStatus trace_remove_client(AudioServerPlugInDriverRef self, AudioObjectID device,
                                    const AudioServerPlugInClientInfo *info)
{
    trace_driver *t = trace_find(self);
    client_begin(t, 8, device, info);
    OSStatus status = (*t->driver)->RemoveDeviceClient(trace_pass(t, self), device, info);
    answer(status);
    return status;
}

/* --- configuration changes ------------------------------------------------------------ */

/* A driver's `info` is an address: its number, in order of first appearance, stands for it; 0 is NULL. */
#define TRACE_INFOS 4096
static struct { atomic_flag busy; unsigned count; void *seen[TRACE_INFOS]; } trace_infos = {.busy = ATOMIC_FLAG_INIT};

static unsigned info_number(void *info)
{
    unsigned i = 0;
    if (!info)
        return 0;
    while (atomic_flag_test_and_set(&trace_infos.busy))
        ;
    while (i < trace_infos.count && trace_infos.seen[i] != info)
        i++;
    if (i == trace_infos.count && i < TRACE_INFOS)
        trace_infos.seen[trace_infos.count++] = info;
    atomic_flag_clear(&trace_infos.busy);
    return i + 1;
}

static void change_begin(trace_driver *t, unsigned kind, AudioObjectID device, UInt64 action, void *info)
{
    trace_record r;
    if (!call_begin(&r, t, kind))
        return;
    put(&r, device);
    put(&r, action);
    put(&r, info_number(info));
    put_end(&r);
}

static OSStatus trace_perform(AudioServerPlugInDriverRef self, AudioObjectID device, UInt64 action, void *info)
{
    trace_driver *t = trace_find(self);
    change_begin(t, 9, device, action, info);
    OSStatus status = (*t->driver)->PerformDeviceConfigurationChange(trace_pass(t, self), device, action, info);
    answer(status);
    return status;
}

static OSStatus trace_abort(AudioServerPlugInDriverRef self, AudioObjectID device, UInt64 action, void *info)
{
    trace_driver *t = trace_find(self);
    change_begin(t, 10, device, action, info);
    OSStatus status = (*t->driver)->AbortDeviceConfigurationChange(trace_pass(t, self), device, action, info);
    answer(status);
    return status;
}
