/*
 * A bundle's binary as a loaded plug-in: factory, Initialize, what it consists of, and our side of the table.
 */

#include <dlfcn.h>
#include <pthread.h>

#include "host_samples.h"

#define MOST_RATES 32
#define MOST_CHANGES 64

typedef struct stream {
    UInt32 id, channels, frame_bytes; /* id 0: there is none */
    int kind;                         /* host_sample */
    UInt32 latency;
} stream;

/* The one plug-in of this process. `table` is first: a pointer to it is the AudioServerPlugInHostRef. */
static struct plugin {
    AudioServerPlugInHostInterface table;
    AudioServerPlugInDriverRef ref;
    void *(*factory)(CFAllocatorRef, CFUUIDRef);
    UInt32 device, object_count; /* ids are 1 ... object_count */
    stream input, output;
    UInt32 rate_count;
    Float64 rates[MOST_RATES];
    int64_t delay; /* frames between what is written and what is read at the same time */

    /* What the driver asked for, from its queue. Guarded by `lock`. */
    pthread_mutex_t lock;
    pthread_cond_t asked;
    UInt64 changes[MOST_CHANGES];
    UInt32 change_count;
    uint64_t notifications; /* atomic */
    int rereads;            /* whether a changed property is read from inside PropertiesChanged */
} subject;

static OSStatus get(UInt32 object, UInt32 selector, UInt32 scope, UInt32 size, void *out, UInt32 *got)
{
    AudioObjectPropertyAddress address = {selector, scope, kAudioObjectPropertyElementMain};
    return (*subject.ref)->GetPropertyData(subject.ref, object, 1, &address, 0, NULL, size, got, out);
}

static UInt32 get_number(UInt32 object, UInt32 selector, UInt32 scope)
{
    UInt32 value = 0, got = 0;
    must(get(object, selector, scope, sizeof value, &value, &got), "GetPropertyData of a number");
    return value;
}

static UInt32 get_list(UInt32 object, UInt32 selector, UInt32 scope, UInt32 most, UInt32 *out)
{
    UInt32 got = 0;
    must(get(object, selector, scope, most * sizeof *out, out, &got), "GetPropertyData of a list");
    return got / sizeof *out;
}

/* ---- the host's table: called on the driver's queue ---- */

static OSStatus properties_changed(AudioServerPlugInHostRef host, AudioObjectID object, UInt32 count,
                                   const AudioObjectPropertyAddress *addresses)
{
    unsigned char value[8192];
    UInt32 size = 0;
    (void)host;
    for (UInt32 i = 0; subject.rereads && i < count; i++)
        (*subject.ref)->GetPropertyData(subject.ref, object, 1, &addresses[i], 0, NULL, sizeof value, &size, value);
    __atomic_add_fetch(&subject.notifications, count, __ATOMIC_RELAXED);
    return 0;
}

static OSStatus request_change(AudioServerPlugInHostRef host, AudioObjectID device, UInt64 action, void *info)
{
    (void)host, (void)info;
    if (device != subject.device)
        wrong("a configuration change of object %u was requested", device);
    pthread_mutex_lock(&subject.lock);
    if (subject.change_count == MOST_CHANGES)
        wrong("%d configuration changes are outstanding", MOST_CHANGES);
    subject.changes[subject.change_count++] = action;
    pthread_cond_signal(&subject.asked);
    pthread_mutex_unlock(&subject.lock);
    return 0;
}

static OSStatus no_storage(AudioServerPlugInHostRef host, CFStringRef key)
{
    (void)host, (void)key;
    return kAudioHardwareUnspecifiedError;
}

static OSStatus nothing_stored(AudioServerPlugInHostRef host, CFStringRef key, CFPropertyListRef *out)
{
    *out = NULL;
    return no_storage(host, key);
}

static OSStatus nothing_kept(AudioServerPlugInHostRef host, CFStringRef key, CFPropertyListRef value)
{
    (void)value;
    return no_storage(host, key);
}

/* ---- loading ---- */

static void plugin_open(const char *binary, const char *symbol)
{
    void *image = dlopen(binary, RTLD_NOW | RTLD_LOCAL);
    if (!image)
        wrong("dlopen: %s", dlerror());
    subject.factory = (void *(*)(CFAllocatorRef, CFUUIDRef))dlsym(image, symbol);
    if (!subject.factory)
        wrong("the binary has no %s", symbol);
    subject.table = (AudioServerPlugInHostInterface){
        properties_changed, nothing_stored, nothing_kept, no_storage, request_change,
    };
    pthread_mutex_init(&subject.lock, NULL);
    pthread_cond_init(&subject.asked, NULL);
}

static stream find_stream(UInt32 scope)
{
    AudioStreamBasicDescription format;
    UInt32 ids[8] = {0}, got = 0;
    stream found = {0};
    if (!get_list(subject.device, kAudioDevicePropertyStreams, scope, 8, ids))
        return found;
    must(get(ids[0], kAudioStreamPropertyPhysicalFormat, kAudioObjectPropertyScopeGlobal, sizeof format, &format, &got),
         "GetPropertyData of a format");
    found.id = ids[0];
    found.channels = format.mChannelsPerFrame;
    found.frame_bytes = format.mBytesPerFrame;
    found.kind = format.mFormatFlags & kAudioFormatFlagIsFloat ? HOST_FLOAT32
               : format.mBitsPerChannel == 16                  ? HOST_INT16
               : format.mBitsPerChannel == 24                  ? HOST_INT24
                                                               : HOST_INT32;
    found.latency = get_number(subject.device, kAudioDevicePropertyLatency, scope);
    return found;
}

static void find_rates(void)
{
    AudioValueRange ranges[MOST_RATES];
    UInt32 got = 0;
    must(get(subject.device, kAudioDevicePropertyAvailableNominalSampleRates, kAudioObjectPropertyScopeGlobal,
             sizeof ranges, ranges, &got), "GetPropertyData of the rates");
    subject.rate_count = got / sizeof *ranges;
    for (UInt32 i = 0; i < subject.rate_count; i++)
        subject.rates[i] = ranges[i].mMinimum;
}

/* Factory, QueryInterface, Initialize, and what is there. Again after plugin_release. */
static void plugin_initialize(void)
{
    UInt32 devices[4] = {0}, global = kAudioObjectPropertyScopeGlobal;
    CFUUIDRef type = CFUUIDCreateFromUUIDBytes(NULL, tympan_uuid_bytes(tympan_kAudioServerPlugInTypeUUID));
    AudioServerPlugInDriverRef made = subject.factory(NULL, type);
    CFRelease((CFTypeRef)type);
    if (!made)
        wrong("the factory answered NULL");
    must((*made)->QueryInterface(made, tympan_uuid_bytes(tympan_kAudioServerPlugInDriverInterfaceUUID),
                                 (LPVOID *)&subject.ref), "QueryInterface");
    (*made)->Release(made);
    must((*subject.ref)->Initialize(subject.ref, &subject.table), "Initialize");
    get_list(kAudioObjectPlugInObject, kAudioPlugInPropertyDeviceList, global, 4, devices);
    subject.device = devices[0];
    subject.input = find_stream(kAudioObjectPropertyScopeInput);
    subject.output = find_stream(kAudioObjectPropertyScopeOutput);
    subject.object_count = subject.device + !!subject.input.id + !!subject.output.id;
    subject.delay = subject.input.latency + subject.output.latency;
    find_rates();
}

/* The last reference: the driver takes everything down. */
static void plugin_release(void)
{
    ULONG left = (*subject.ref)->Release(subject.ref);
    if (left)
        wrong("%u references are left", (unsigned)left);
}

static void client_add(UInt32 client)
{
    AudioServerPlugInClientInfo info = {client, (pid_t)(1000 + client), 1, NULL};
    must((*subject.ref)->AddDeviceClient(subject.ref, subject.device, &info), "AddDeviceClient");
}

static void client_remove(UInt32 client)
{
    AudioServerPlugInClientInfo info = {client, (pid_t)(1000 + client), 1, NULL};
    must((*subject.ref)->RemoveDeviceClient(subject.ref, subject.device, &info), "RemoveDeviceClient");
}

static void client_start(UInt32 client)
{
    must((*subject.ref)->StartIO(subject.ref, subject.device, client), "StartIO");
}

static void client_stop(UInt32 client)
{
    must((*subject.ref)->StopIO(subject.ref, subject.device, client), "StopIO");
}
