/* Play a file of float32 into a device and record from the same device at the same time, through the real HAL.
 *
 *     loopback UID RATE CHANNELS PLAYED RECORDED
 *
 * PLAYED and RECORDED are raw interleaved float32. It says nothing about what was heard: loopback.py compares.
 * Compiled on a Mac: cc -O2 loopback.c -framework CoreAudio -framework CoreFoundation. Not yet run on one;
 * on Linux the tests compile it with fake/CoreAudio/CoreAudio.h and run it against fake/coreaudio.c.
 */

#include <CoreAudio/CoreAudio.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAMES_PER_CYCLE 512
#define SECONDS_TO_START 30

struct session {
    const float *played;
    float *recorded;
    size_t frames, channels, position; /* position: of the IO thread alone */
    atomic_bool started, done;
    atomic_uint wrong; /* cycles with another layout than one stream per direction */
};

static void fail(const char *what, OSStatus status)
{
    fprintf(stderr, "loopback: %s (status %d)\n", what, (int)status);
    exit(1);
}

static AudioObjectPropertyAddress global(AudioObjectPropertySelector selector)
{
    return (AudioObjectPropertyAddress){selector, kAudioObjectPropertyScopeGlobal, 0};
}

static AudioObjectID find(const char *uid)
{
    AudioObjectPropertyAddress address = global(kAudioHardwarePropertyTranslateUIDToDevice);
    CFStringRef text = CFStringCreateWithCString(NULL, uid, kCFStringEncodingUTF8);
    AudioObjectID device = kAudioObjectUnknown;
    UInt32 size = sizeof device;
    OSStatus status =
        AudioObjectGetPropertyData(kAudioObjectSystemObject, &address, sizeof text, &text, &size, &device);
    CFRelease(text);
    if (status || device == kAudioObjectUnknown)
        fail("there is no device with this UID", status);
    return device;
}

static void set(AudioObjectID device, AudioObjectPropertySelector selector, const void *value, UInt32 size)
{
    AudioObjectPropertyAddress address = global(selector);
    OSStatus status = AudioObjectSetPropertyData(device, &address, 0, NULL, size, value);
    if (status)
        fail("the device refuses its rate or its buffer size", status);
}

/* [io & running] Copy one cycle in both directions. */
static OSStatus cycle(AudioObjectID device, const AudioTimeStamp *now, const AudioBufferList *input,
                      const AudioTimeStamp *input_time, AudioBufferList *output, const AudioTimeStamp *output_time,
                      void *context)
{
    struct session *session = context;
    size_t frame_bytes = session->channels * sizeof(float);
    (void)device, (void)now, (void)input_time, (void)output_time;
    atomic_store(&session->started, 1);
    if (output->mNumberBuffers != 1 || input->mNumberBuffers != 1 ||
        output->mBuffers[0].mNumberChannels != session->channels ||
        input->mBuffers[0].mNumberChannels != session->channels) {
        atomic_fetch_add(&session->wrong, 1);
        atomic_store(&session->done, 1);
        return 0;
    }
    size_t left = session->frames - session->position, frames = output->mBuffers[0].mDataByteSize / frame_bytes;
    memset(output->mBuffers[0].mData, 0, output->mBuffers[0].mDataByteSize);
    if (frames > left)
        frames = left;
    size_t offset = session->position * session->channels;
    memcpy(output->mBuffers[0].mData, session->played + offset, frames * frame_bytes);
    memcpy(session->recorded + offset, input->mBuffers[0].mData, frames * frame_bytes);
    session->position += frames;
    if (session->position == session->frames)
        atomic_store(&session->done, 1);
    return 0;
}

static float *load(const char *path, size_t channels, size_t *frames)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        fail("the file to play cannot be read", 0);
    long bytes = ftell(file);
    rewind(file);
    float *samples = malloc((size_t)bytes + 1);
    *frames = fread(samples, sizeof(float) * channels, (size_t)bytes / (sizeof(float) * channels), file);
    fclose(file);
    return samples;
}

static int wait_for(atomic_bool *flag, double seconds)
{
    for (double waited = 0; waited < seconds && !atomic_load(flag); waited += 0.01)
        usleep(10000);
    return atomic_load(flag);
}

static void play(AudioObjectID device, struct session *session, double rate)
{
    AudioDeviceIOProcID id = NULL;
    OSStatus status = AudioDeviceCreateIOProcID(device, cycle, session, &id);
    if (!status)
        status = AudioDeviceStart(device, id);
    if (status)
        fail("IO does not start", status);
    int started = wait_for(&session->started, SECONDS_TO_START);
    int done = started && wait_for(&session->done, 10 + 2 * (double)session->frames / rate);
    AudioDeviceStop(device, id);
    AudioDeviceDestroyIOProcID(device, id);
    if (!started)
        fail("no IO cycle has come within 30 seconds", 0);
    if (atomic_load(&session->wrong))
        fail("the device does not have one stream of this many channels in each direction", 0);
    if (!done)
        fail("IO has stopped before the end", 0);
}

int main(int count, char **words)
{
    if (count != 6) {
        fprintf(stderr, "usage: loopback UID RATE CHANNELS PLAYED RECORDED\n");
        return 2;
    }
    double rate = atof(words[2]);
    struct session session = {.channels = (size_t)atoi(words[3])};
    session.played = load(words[4], session.channels, &session.frames);
    session.recorded = calloc(session.frames * session.channels + 1, sizeof(float));
    AudioObjectID device = find(words[1]);
    UInt32 frames = FRAMES_PER_CYCLE;
    set(device, kAudioDevicePropertyNominalSampleRate, &rate, sizeof rate);
    set(device, kAudioDevicePropertyBufferFrameSize, &frames, sizeof frames);
    play(device, &session, rate);
    FILE *file = fopen(words[5], "wb");
    if (!file || fwrite(session.recorded, sizeof(float) * session.channels, session.frames, file) != session.frames)
        fail("the recording cannot be written", 0);
    return fclose(file) != 0;
}
