/* Properties of streams, and their formats. */

#include "subject.h"

static const UInt32 bits[KINDS] = {32, 16, 24};

AudioStreamBasicDescription format_of(const stream *s, UInt32 kind, UInt32 rate)
{
    UInt32 flags = kind == FLOAT32 ? kAudioFormatFlagIsFloat : kAudioFormatFlagIsSignedInteger;
    UInt32 frame = s->channels * bits[kind] / 8;
    return (AudioStreamBasicDescription){
        .mSampleRate = rate,
        .mFormatID = kAudioFormatLinearPCM,
        .mFormatFlags = flags | kAudioFormatFlagIsPacked,
        .mBytesPerPacket = frame,
        .mFramesPerPacket = 1,
        .mBytesPerFrame = frame,
        .mChannelsPerFrame = s->channels,
        .mBitsPerChannel = bits[kind],
        .mReserved = 0,
    };
}

static OSStatus get_active(const query *q, answer *a)
{
    return number(a, q->thing->stream->active);
}

/* Tells clients; IO goes on as it was. */
static OSStatus set_active(const query *q, UInt32 size, const void *data)
{
    (void)size;
    return set_flag(q, &q->thing->stream->active, data);
}

static OSStatus get_direction(const query *q, answer *a)
{
    return number(a, q->thing->stream->input);
}

static OSStatus get_terminal(const query *q, answer *a)
{
    (void)q;
    return number(a, kAudioStreamTerminalTypeLine);
}

static OSStatus get_first_channel(const query *q, answer *a)
{
    return number(a, q->thing->stream->first);
}

static OSStatus get_format(const query *q, answer *a)
{
    const setup *now = &q->thing->device->now;
    a->size = sizeof a->format;
    a->format = format_of(q->thing->stream, now->kind[q->thing->stream->index], now->rate);
    return 0;
}

static OSStatus get_formats(const query *q, answer *a)
{
    const device *d = q->thing->device;
    UInt32 count = 0;
    for (UInt32 kind = 0; kind < q->thing->stream->kinds; kind++)
        for (UInt32 i = 0; i < d->rate_count; i++)
            a->formats[count++] = (AudioStreamRangedDescription){format_of(q->thing->stream, kind, d->rates[i]),
                                                                 {d->rates[i], d->rates[i]}};
    a->size = count * sizeof a->formats[0];
    return 0;
}

/* The kind of a format that the stream offers at this rate, or KINDS. */
static UInt32 kind_of(const stream *s, const AudioStreamBasicDescription *wanted)
{
    for (UInt32 kind = 0; kind < s->kinds; kind++) {
        AudioStreamBasicDescription ours = format_of(s, kind, (UInt32)wanted->mSampleRate);
        if (memcmp(&ours, wanted, offsetof(AudioStreamBasicDescription, mReserved)) == 0)
            return kind;
    }
    return KINDS;
}

/* A request to the host, as for the sample rate, which is part of the format. */
static OSStatus set_format(const query *q, UInt32 size, const void *data)
{
    device *d = q->thing->device;
    AudioStreamBasicDescription format;
    (void)size;
    memcpy(&format, data, sizeof format);
    if (!offers_rate(d, format.mSampleRate) || kind_of(q->thing->stream, &format) == KINDS)
        return kAudioDeviceUnsupportedFormatError;
    setup wanted = d->wanted;
    wanted.rate = (UInt32)format.mSampleRate;
    wanted.kind[q->thing->stream->index] = kind_of(q->thing->stream, &format);
    if (defect(listed_format_refused) && wanted.kind[q->thing->stream->index] != FLOAT32)
        return kAudioDeviceUnsupportedFormatError;
    return want(d, &wanted);
}

const row stream_rows[] = {
    {kAudioObjectPropertyBaseClass, AT_GLOBAL, 4, get_base, NULL},
    {kAudioObjectPropertyClass, AT_GLOBAL, 4, get_class, NULL},
    {kAudioObjectPropertyOwner, AT_GLOBAL, 4, get_owner, NULL},
    {kAudioObjectPropertyOwnedObjects, AT_GLOBAL | LIST, 4, get_owned, NULL},
    {kAudioObjectPropertyName, AT_GLOBAL | IS_REFERENCE, 8, get_name, NULL},
    {kAudioStreamPropertyIsActive, AT_GLOBAL, 4, get_active, set_active},
    {kAudioStreamPropertyDirection, AT_GLOBAL, 4, get_direction, NULL},
    {kAudioStreamPropertyTerminalType, AT_GLOBAL, 4, get_terminal, NULL},
    {kAudioStreamPropertyStartingChannel, AT_GLOBAL, 4, get_first_channel, NULL},
    {kAudioStreamPropertyLatency, AT_GLOBAL, 4, zero, NULL},
    {kAudioStreamPropertyVirtualFormat, AT_GLOBAL, 40, get_format, set_format},
    {kAudioStreamPropertyPhysicalFormat, AT_GLOBAL, 40, get_format, set_format},
    {kAudioStreamPropertyAvailableVirtualFormats, AT_GLOBAL | LIST, 56, get_formats, NULL},
    {kAudioStreamPropertyAvailablePhysicalFormats, AT_GLOBAL | LIST, 56, get_formats, NULL},
    {0, 0, 0, NULL, NULL},
};
