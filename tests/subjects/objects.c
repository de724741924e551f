/* The object graph: every list of objects is made from this one table. */

#include "subject.h"

static stream desk_in, desk_in_cue, desk_out, desk_out_cue, wire_in, wire_out;

/* class, base class, name, rows */
#define IS(name, class, base, rows) kAudio##class##ClassID, kAudio##base##ClassID, name, rows

static const thing things[LAST_OBJECT + 1] = {
    [PLUGIN] = {PLUGIN, 0, IS("Subject", PlugIn, Object, plugin_rows), NULL, NULL},
    [BOX] = {BOX, PLUGIN, IS("Subject Box", Box, Object, box_rows), NULL, NULL},
    [DESK] = {DESK, PLUGIN, IS("Desk", Device, Object, desk_rows), &desk, NULL},
    [DESK_IN] = {DESK_IN, DESK, IS("Desk In", Stream, Object, stream_rows), &desk, &desk_in},
    [DESK_IN_CUE] = {DESK_IN_CUE, DESK, IS("Desk Cue In", Stream, Object, stream_rows), &desk, &desk_in_cue},
    [DESK_OUT] = {DESK_OUT, DESK, IS("Desk Out", Stream, Object, stream_rows), &desk, &desk_out},
    [DESK_OUT_CUE] = {DESK_OUT_CUE, DESK, IS("Desk Cue Out", Stream, Object, stream_rows), &desk, &desk_out_cue},
    [DESK_VOLUME] = {DESK_VOLUME, DESK, IS("Desk Volume", VolumeControl, LevelControl, level_rows), &desk, NULL},
    [DESK_MUTE] = {DESK_MUTE, DESK, IS("Desk Mute", MuteControl, BooleanControl, toggle_rows), &desk, NULL},
    [DESK_SOURCE] = {DESK_SOURCE, DESK, IS("Desk Source", DataSourceControl, SelectorControl, selector_rows), &desk,
                     NULL},
    [WIRE] = {WIRE, PLUGIN, IS("Wire", Device, Object, wire_rows), &wire, NULL},
    [WIRE_IN] = {WIRE_IN, WIRE, IS("Wire In", Stream, Object, stream_rows), &wire, &wire_in},
    [WIRE_OUT] = {WIRE_OUT, WIRE, IS("Wire Out", Stream, Object, stream_rows), &wire, &wire_out},
};

static ring desk_ring = {.channels = 2}, cue_ring = {.channels = 1}, wire_ring = {.channels = 2};

/* A stream's object id, direction, first channel, channels, kinds of formats, place in its device's list, ring. */
#define STREAM(object, is_input, first_channel, count, formats, place, memory) \
    {.id = object, .input = is_input, .first = first_channel, .channels = count, .kinds = formats, .index = place, \
     .ring = &memory}

static stream desk_in = STREAM(DESK_IN, true, 1, 2, KINDS, 0, desk_ring);
static stream desk_in_cue = STREAM(DESK_IN_CUE, true, 3, 1, KINDS, 1, cue_ring);
static stream desk_out = STREAM(DESK_OUT, false, 1, 2, KINDS, 2, desk_ring);
static stream desk_out_cue = STREAM(DESK_OUT_CUE, false, 3, 1, KINDS, 3, cue_ring);
static stream wire_in = STREAM(WIRE_IN, true, 1, 1, 1, 0, wire_ring);
static stream wire_out = STREAM(WIRE_OUT, false, 1, 2, 1, 1, wire_ring);

device desk = {
    .id = DESK,
    .uid = "org.tympan.subject:desk",
    .model_uid = "org.tympan.subject.model:desk",
    .rates = {44100, 48000, 96000, 192000},
    .rate_count = 4,
    .safety = 48,
    .streams = {&desk_in, &desk_in_cue, &desk_out, &desk_out_cue},
    .stream_count = 4,
    .has_controls = true,
};

device wire = {
    .id = WIRE,
    .uid = "org.tympan.subject:wire",
    .model_uid = "org.tympan.subject.model:wire",
    .rates = {48000, 96000},
    .rate_count = 2,
    .safety = 16,
    .streams = {&wire_in, &wire_out},
    .stream_count = 2,
};

/* NULL for what does not live: all before Initialize, and devices while the box is released. */
const thing *thing_at(AudioObjectID object)
{
    if (object < PLUGIN || object > LAST_OBJECT || !atomic_load(&state.host))
        return NULL;
    const thing *t = &things[object];
    return t->device && !atomic_load(&state.acquired) ? NULL : t;
}

/* Also one that is gone, so that IO which still runs can come to its end. Any thread. */
device *device_at(AudioObjectID object)
{
    return object == DESK ? &desk : object == WIRE ? &wire : NULL;
}

stream *stream_at(device *d, AudioObjectID object, bool input)
{
    for (UInt32 i = 0; i < d->stream_count; i++)
        if (d->streams[i]->id == object && d->streams[i]->input == input)
            return d->streams[i];
    return NULL;
}

bool is_kind_of(const thing *t, AudioClassID class)
{
    if (class == t->class || (class == t->base && !defect(owned_filter_exact_only)) || class == kAudioObjectClassID)
        return true;
    return class == kAudioControlClassID && side_of(t) != kAudioObjectPropertyScopeGlobal && !t->stream;
}

/* The scope in which a device lists it: a stream's direction, and the output for controls. */
UInt32 side_of(const thing *t)
{
    if (t->stream)
        return t->stream->input ? kAudioObjectPropertyScopeInput : kAudioObjectPropertyScopeOutput;
    return t->owner == DESK ? kAudioObjectPropertyScopeOutput : kAudioObjectPropertyScopeGlobal;
}

UInt32 channels_at(const device *d, UInt32 scope)
{
    UInt32 channels = 0;
    for (UInt32 i = 0; d && i < d->stream_count; i++)
        if (d->streams[i]->input == (scope == kAudioObjectPropertyScopeInput))
            channels += d->streams[i]->channels;
    return channels;
}

/* The living objects of one owner, of a class or its subclasses, in a scope (global: all). */
OSStatus list_objects(answer *a, AudioObjectID owner, AudioClassID class, UInt32 scope)
{
    UInt32 count = 0;
    if (defect(streams_unscoped))
        scope = kAudioObjectPropertyScopeGlobal;
    for (AudioObjectID object = PLUGIN; object <= LAST_OBJECT; object++) {
        const thing *t = thing_at(object);
        if (t && t->owner == owner && is_kind_of(t, class) &&
            (scope == kAudioObjectPropertyScopeGlobal || side_of(t) == scope))
            a->u32[count++] = object;
    }
    a->size = 4 * count;
    return 0;
}
