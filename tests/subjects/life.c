/* The factory, COM, Initialize, and the driver's table. */

#include "subject.h"
#include "spoil.h"

subject state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static AudioServerPlugInDriverInterface table, *table_pointer = &table;

bool is_ours(const void *driver)
{
    return driver == &table_pointer;
}

/* --- beginning and end --- */

void set_up(device *d)
{
    d->now = (setup){0};
    d->now.rate = 48000;
    d->wanted = d->now;
    d->action = 0;
    d->asking = false;
    d->identify = 0;
    atomic_store(&d->gain, 1.0f);
    for (UInt32 i = 0; i < d->stream_count; i++) {
        d->streams[i]->active = 1;
        atomic_store(&d->streams[i]->kind, FLOAT32);
    }
}

static void set_up_clock(void)
{
    mach_timebase_info_data_t base;
    mach_timebase_info(&base); /* nanoseconds = ticks * numer / denom */
    state.ticks_numerator = 1000000000ull * base.denom;
    state.ticks_denominator = base.numer;
    if (DEFECTIVE)
        spoil_clock();
}

static OSStatus restore(void)
{
    CFStringRef acquired = stored_text("acquired"), memo = stored_text("memo");
    char choice[8] = "yes";
    if (acquired) {
        CFStringGetCString(acquired, choice, sizeof choice, kCFStringEncodingUTF8);
        if (!defect(storage_value_leaked))
            CFRelease(acquired);
    }
    state.memo = memo ? memo : CFStringCreateWithCString(NULL, "nothing yet", kCFStringEncodingUTF8);
    atomic_store(&state.acquired, strcmp(choice, "no") != 0);
    return defect(storage_must_exist) && !acquired ? kAudioHardwareUnspecifiedError : 0;
}

static OSStatus begin(AudioServerPlugInHostRef host)
{
    atomic_store(&state.host, host);
    set_up_clock();
    state.queue = dispatch_queue_create(BUNDLE_ID, NULL);
    state.box_name = CFStringCreateWithCString(NULL, "Subject Box", kCFStringEncodingUTF8);
    state.box_identify = state.mute = 0;
    state.source = kAudioStreamTerminalTypeSpeaker;
    state.volume = 1.0f;
    set_up(&desk);
    set_up(&wire);
    OSStatus status = restore();
    apply_controls();
    return status ? status : state.queue && state.box_name && state.memo ? 0 : kAudioHardwareUnspecifiedError;
}

static void let_go(CFStringRef *held)
{
    if (*held)
        CFRelease(*held);
    *held = NULL;
}

/* Jobs that still wait in the queue find no host. */
static void end(void)
{
    lock();
    if (!defect(second_life_fails))
        atomic_store(&state.host, NULL);
    let_go(&state.box_name);
    let_go(&state.memo);
    clients_drop_all(&desk);
    clients_drop_all(&wire);
    atomic_store(&desk.started, 0);
    atomic_store(&wire.started, 0);
    if (state.queue)
        dispatch_release(state.queue);
    state.queue = NULL;
    unlock();
}

static OSStatus subject_initialize(DRIVER driver, AudioServerPlugInHostRef host)
{
    if (!is_ours(driver))
        return kAudioHardwareBadObjectError;
    if (!host || (atomic_load(&state.host) && !defect(second_initialize_succeeds)))
        return kAudioHardwareIllegalOperationError;
    if (defect(second_initialize_succeeds) && atomic_load(&state.host))
        return 0;
    OSStatus status = begin(host);
    if (DEFECTIVE)
        status = spoil_initialize(host, status);
    if (status)
        end();
    return status;
}

/* --- COM --- */

static ULONG subject_add_ref(void *driver)
{
    (void)driver;
    ULONG before = atomic_fetch_add(&state.references, 1);
    return before + !defect(add_ref_answers_old_count);
}

static ULONG subject_release(void *driver)
{
    unsigned count = atomic_load(&state.references);
    (void)driver;
    do {
        if (!count && !defect(release_goes_below_zero))
            return 0;
    } while (!atomic_compare_exchange_weak(&state.references, &count, count - 1));
    if (count == 1)
        end();
    return count - 1;
}

static bool is_uuid(REFIID uuid, const UInt8 wanted[16])
{
    return memcmp(&uuid, wanted, 16) == 0;
}

static HRESULT subject_query_interface(void *driver, REFIID uuid, LPVOID *out)
{
    if (!out && !defect(query_null_crashes))
        return kAudioHardwareIllegalOperationError;
    bool unknown = is_uuid(uuid, tympan_IUnknownUUID) && !defect(query_refuses_iunknown);
    if (!unknown && !is_uuid(uuid, tympan_kAudioServerPlugInDriverInterfaceUUID)) {
        if (!defect(query_leaves_out_pointer))
            *out = NULL;
        return (HRESULT)0x80000004; /* E_NOINTERFACE in Core Foundation's COM */
    }
    if (!defect(query_adds_no_reference))
        subject_add_ref(driver);
    *out = &table_pointer;
    return 0;
}

/* --- devices are the driver's own --- */

static OSStatus subject_create_device(DRIVER driver, CFDictionaryRef description,
                                      const AudioServerPlugInClientInfo *info, AudioObjectID *out)
{
    (void)description, (void)info;
    if (defect(create_device_succeeds))
        return 0;
    if (out)
        *out = kAudioObjectUnknown;
    return is_ours(driver) ? kAudioHardwareUnsupportedOperationError : kAudioHardwareBadObjectError;
}

static OSStatus subject_destroy_device(DRIVER driver, AudioObjectID object)
{
    (void)object;
    return is_ours(driver) ? kAudioHardwareUnsupportedOperationError : kAudioHardwareBadObjectError;
}

static AudioServerPlugInDriverInterface table = {
    .QueryInterface = subject_query_interface,
    .AddRef = subject_add_ref,
    .Release = subject_release,
    .Initialize = subject_initialize,
    .CreateDevice = subject_create_device,
    .DestroyDevice = subject_destroy_device,
    .AddDeviceClient = subject_add_client,
    .RemoveDeviceClient = subject_remove_client,
    .PerformDeviceConfigurationChange = subject_perform,
    .AbortDeviceConfigurationChange = subject_abort,
    .HasProperty = subject_has,
    .IsPropertySettable = subject_settable,
    .GetPropertyDataSize = subject_size,
    .GetPropertyData = subject_get,
    .SetPropertyData = subject_set,
    .StartIO = subject_start,
    .StopIO = subject_stop,
    .GetZeroTimeStamp = subject_zero_time_stamp,
    .WillDoIOOperation = subject_will_do,
    .BeginIOOperation = subject_begin,
    .DoIOOperation = subject_do,
    .EndIOOperation = subject_end,
};

__attribute__((visibility("default"))) void *SubjectFactory(CFAllocatorRef allocator, CFUUIDRef type)
{
    (void)allocator;
    choose_defect();
    if (DEFECTIVE)
        spoil_table(&table);
    if (!is_uuid(CFUUIDGetUUIDBytes(type), tympan_kAudioServerPlugInTypeUUID) && !defect(factory_ignores_type))
        return NULL;
    subject_add_ref(&table_pointer);
    if (defect(factory_adds_two_references))
        subject_add_ref(&table_pointer);
    return &table_pointer;
}
