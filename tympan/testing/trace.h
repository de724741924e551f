/*
 * The trace: a driver's table and a host's table that hand every call on, and write down what was asked
 * and what was answered. docs/trace.md has the format of the file; _trace.pyx includes this.
 *
 * Nothing of it needs the GIL. What the realtime guard may judge runs without lock, allocation and
 * system call; what it may not is permitted (trace_file.h).
 */

#ifdef __APPLE__
#define TYMPAN_KINDS_BY_SELECTOR 1
#else
#define TYMPAN_KINDS_BY_SELECTOR 0
#endif

#include "trace_file.h"
#include "trace_content.h"
#include "trace_driver.h"
#include "trace_property.h"
#include "trace_io.h"
#include "trace_host.h"

static AudioServerPlugInDriverInterface trace_table = {
    .QueryInterface = trace_query,
    .AddRef = trace_add_ref,
    .Release = trace_release,
    .Initialize = trace_initialize,
    .CreateDevice = trace_create,
    .DestroyDevice = trace_destroy,
    .AddDeviceClient = trace_add_client,
    .RemoveDeviceClient = trace_remove_client,
    .PerformDeviceConfigurationChange = trace_perform,
    .AbortDeviceConfigurationChange = trace_abort,
    .HasProperty = trace_has,
    .IsPropertySettable = trace_settable,
    .GetPropertyDataSize = trace_size,
    .GetPropertyData = trace_get,
    .SetPropertyData = trace_set,
    .StartIO = trace_start,
    .StopIO = trace_stop,
    .GetZeroTimeStamp = trace_stamp,
    .WillDoIOOperation = trace_will_do,
    .BeginIOOperation = trace_begin,
    .DoIOOperation = trace_do,
    .EndIOOperation = trace_end,
};

/* --- begin and end ------------------------------------------------------------------ */

/* Never freed, and `visitors` never reset: a driver's thread may come late. */
static trace_file the_file = {.growing = ATOMIC_FLAG_INIT};

/* Writes the trace after the `header` that `descriptor` has already. NULL when it cannot be mapped. */
static trace_file *trace_open(int descriptor, uint64_t header, int audio, const ana_api *(*guard)(void))
{
    trace_file *f = &the_file;
    f->descriptor = descriptor;
    f->audio = audio;
    f->used = header;
    f->size = f->threads = f->records = f->lost = 0;
    memset(f->thread, 0, sizeof f->thread);
    f->session++;
    f->memory = mmap(NULL, TRACE_LARGEST, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (f->memory == MAP_FAILED || trace_grow(f, header + 1))
        return NULL;
    trace_infos.count = 0;
    trace_guard = guard;
    atomic_store(&trace_current, f);
    return f;
}

/* Waits for calls that are writing just now; the file then has what `used` says. */
static void trace_close(trace_file *f)
{
    atomic_store(&trace_current, NULL);
    while (atomic_load(&f->visitors))
        sched_yield();
    munmap(f->memory, TRACE_LARGEST);
}

/* The reference that a host is to use for `driver` from now on; the same one for the same driver. */
static AudioServerPlugInDriverRef trace_wrap(trace_file *f, AudioServerPlugInDriverRef driver, unsigned number,
                                             const char *label)
{
    trace_driver *t = trace_drivers;
    trace_record r;
    while (t && t->driver != driver)
        t = t->next;
    if (!t) {
        t = calloc(1, sizeof *t);
        if (!t)
            return NULL;
        t->table = &trace_table;
        t->driver = driver;
        t->host.table = (AudioServerPlugInHostInterface){host_properties_changed, host_copy, host_write, host_delete,
                                                         host_request};
        t->host.owner = t;
        t->next = trace_drivers;
        trace_drivers = t;
    }
    if (t->session == f->session)
        return (AudioServerPlugInDriverRef)t;
    t->session = f->session;
    t->number = number;
    memset(t->streams, 0, sizeof t->streams);
    if (call_begin(&r, t, TRACE_DRIVER)) {
        put_bytes(&r, label, strlen(label));
        put_end(&r);
    }
    return (AudioServerPlugInDriverRef)t;
}

static void set_describe(char *(*describe)(CFTypeRef))
{
    trace_describe = describe;
}

/* A step of the host that a replay must repeat, such as running the queues. */
static void trace_step(const char *what)
{
    trace_record r;
    if (!put_begin(&r, TRACE_STEP_OF_HOST))
        return;
    put_bytes(&r, what, strlen(what));
    put_end(&r);
}
