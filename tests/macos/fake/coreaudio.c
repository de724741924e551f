/* A client HAL with three devices: 10 is a stereo loopback, 11 a microphone, 12 a hidden loopback.
 * Loopback: what a cycle plays is recorded two cycles later. FAKE (the environment) breaks one thing at a time. */

#include <CoreAudio/CoreAudio.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 512

static const struct { UInt32 id; const char *uid, *name; UInt32 inputs, outputs, hidden; } devices[] = {
    {10, "com.example.Tiny", "Tiny", 2, 2, 0},
    {11, "com.example.Mic", "Mikrof\xc3\xb6n", 1, 0, 0},
    {12, "com.example.Hidden", "Hidden", 2, 2, 1},
};

static AudioDeviceIOProc proc;
static void *context;
static pthread_t thread;
static volatile bool running;
static double rate = 44100.0;

int live_strings; /* what was made and not yet released */

static const char *made(const char *text)
{
    live_strings++;
    return strdup(text);
}

static bool is_broken(const char *what)
{
    const char *wanted = getenv("FAKE");
    return wanted && !strcmp(wanted, what);
}

CFStringRef CFStringCreateWithCString(const void *allocator, const char *text, UInt32 encoding)
{
    (void)allocator;
    return encoding == kCFStringEncodingUTF8 ? made(text) : NULL;
}

bool CFStringGetCString(CFStringRef text, char *buffer, long size, UInt32 encoding)
{
    if (encoding != kCFStringEncodingUTF8 || (long)strlen(text) >= size || is_broken("text"))
        return false;
    strcpy(buffer, text);
    return true;
}

void CFRelease(const void *object)
{
    live_strings--;
    free((void *)object);
}

static OSStatus answer(const void *value, UInt32 length, UInt32 *size, void *data)
{
    if (data && *size < length)
        return '!siz';
    *size = length;
    if (data)
        memcpy(data, value, length);
    return 0;
}

static OSStatus text(const char *value, UInt32 *size, void *data)
{
    const char *string = data ? made(value) : NULL; /* the caller's to release */
    return answer(&string, sizeof string, size, data);
}

static OSStatus translate(const void *qualifier, UInt32 *size, void *data)
{
    const char *uid = *(const char *const *)qualifier;
    for (int i = 0; i < 3; i++)
        if (!strcmp(devices[i].uid, uid))
            return answer(&devices[i].id, 4, size, data);
    return answer(&(UInt32){0}, 4, size, data);
}

static OSStatus get(AudioObjectID id, const AudioObjectPropertyAddress *address, const void *qualifier, UInt32 *size,
                    void *data)
{
    if (id == kAudioObjectSystemObject && address->mSelector == 'uidd')
        return translate(qualifier, size, data);
    if (id == kAudioObjectSystemObject && address->mSelector == 'dev#' && !is_broken("silent"))
        return answer((UInt32[]){10, 11}, 8, size, data);
    for (int i = 0; i < 3; i++) {
        UInt32 channels = address->mScope == 'inpt' ? devices[i].inputs : devices[i].outputs;
        AudioBufferList list = {channels ? 1 : 0, {{channels, 0, NULL}}};
        if (devices[i].id != id)
            continue;
        switch (address->mSelector) {
        case 'uid ': return text(devices[i].uid, size, data);
        case 'lnam': return text(devices[i].name, size, data);
        case 'lmak': return 'who?'; /* a device may have none */
        case 'hidn': return answer(&devices[i].hidden, 4, size, data);
        case 'livn': return answer(&(UInt32){1}, 4, size, data);
        case 'nsrt': return answer(&rate, 8, size, data);
        case 'slay': return answer(&list, channels ? sizeof list : 8, size, data);
        }
    }
    return 'who?';
}

OSStatus AudioObjectGetPropertyDataSize(AudioObjectID id, const AudioObjectPropertyAddress *address, UInt32 length,
                                        const void *qualifier, UInt32 *size)
{
    (void)length;
    return get(id, address, qualifier, size, NULL);
}

OSStatus AudioObjectGetPropertyData(AudioObjectID id, const AudioObjectPropertyAddress *address, UInt32 length,
                                    const void *qualifier, UInt32 *size, void *data)
{
    if (is_broken("data") && address->mSelector == 'hidn')
        return 'what';
    return address->mSelector == 'uidd' && length != sizeof(void *) ? '!siz' : get(id, address, qualifier, size, data);
}

OSStatus AudioObjectSetPropertyData(AudioObjectID id, const AudioObjectPropertyAddress *address, UInt32 length,
                                    const void *qualifier, UInt32 size, const void *data)
{
    (void)id, (void)length, (void)qualifier;
    if (address->mSelector == 'nsrt' && size == 8)
        rate = *(const double *)data;
    return is_broken("rate") ? 'nope' : 0;
}

static void *run(void *unused)
{
    static float delayed[3][FRAMES * 2], input[FRAMES * 2], output[FRAMES * 2];
    UInt32 channels = is_broken("channels") ? 1 : 2, bytes = FRAMES * channels * sizeof(float);
    for (unsigned cycle = 0; running && !(is_broken("stops") && cycle == 8); cycle++) {
        AudioBufferList played = {1, {{channels, bytes, output}}}, recorded = {1, {{channels, bytes, input}}};
        memcpy(input, delayed[(cycle + 1) % 3], sizeof input);
        if (is_broken("muted"))
            memset(input, 0, sizeof input);
        if (is_broken("flips") && cycle == 20)
            input[7] += 0.5f;
        proc(10, NULL, &recorded, NULL, &played, NULL, context);
        memcpy(delayed[cycle % 3], output, sizeof output);
    }
    return unused;
}

OSStatus AudioDeviceCreateIOProcID(AudioObjectID id, AudioDeviceIOProc wanted, void *with, AudioDeviceIOProcID *made_id)
{
    (void)id;
    proc = *made_id = wanted;
    context = with;
    return is_broken("create") ? 'what' : 0;
}

OSStatus AudioDeviceDestroyIOProcID(AudioObjectID id, AudioDeviceIOProcID made)
{
    (void)id, (void)made;
    return 0;
}

OSStatus AudioDeviceStart(AudioObjectID id, AudioDeviceIOProcID made)
{
    (void)id, (void)made;
    running = true;
    return is_broken("start") ? 'nope' : pthread_create(&thread, NULL, run, NULL);
}

OSStatus AudioDeviceStop(AudioObjectID id, AudioDeviceIOProcID made)
{
    (void)id, (void)made;
    running = false;
    return pthread_join(thread, NULL);
}
