/*
 * The floor driver, whose entry ENTRY (one of the enum) does CALL first: a call that IO threads
 * must not make. To see that the simulated host guards each realtime entry of the table.
 */

#include <stdlib.h>

#include "../../bench/floor.c"

#ifndef CALL
#define CALL kept = malloc(8)
#endif

enum entry { nowhere, stamp, will_do, begin, do_, end };

static void *volatile kept;

__attribute__((noinline)) static void offend(int entry)
{
    if (entry == ENTRY)
        CALL;
}

static OSStatus bad_stamp(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, Float64 *sample, UInt64 *host,
                          UInt64 *seed)
{
    offend(stamp);
    return floor_zero_time_stamp(d, device, client, sample, host, seed);
}

static OSStatus bad_will_do(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, UInt32 operation,
                            Boolean *will, Boolean *in_place)
{
    offend(will_do);
    return floor_will_do(d, device, client, operation, will, in_place);
}

static OSStatus bad_begin(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, UInt32 operation,
                          UInt32 frames, const AudioServerPlugInIOCycleInfo *info)
{
    offend(begin);
    return floor_begin_end(d, device, client, operation, frames, info);
}

static OSStatus bad_do(AudioServerPlugInDriverRef d, AudioObjectID device, AudioObjectID stream, UInt32 client,
                       UInt32 operation, UInt32 frames, const AudioServerPlugInIOCycleInfo *info, void *audio, void *other)
{
    offend(do_);
#ifdef UNFILLED
    if (operation == kAudioServerPlugInIOOperationReadInput)
        return 0;
#endif
    return floor_do(d, device, stream, client, operation, frames, info, audio, other);
}

static OSStatus bad_end(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, UInt32 operation,
                        UInt32 frames, const AudioServerPlugInIOCycleInfo *info)
{
    offend(end);
    return floor_begin_end(d, device, client, operation, frames, info);
}

__attribute__((constructor)) static void install(void)
{
    floor_table.GetZeroTimeStamp = bad_stamp;
    floor_table.WillDoIOOperation = bad_will_do;
    floor_table.BeginIOOperation = bad_begin;
    floor_table.DoIOOperation = bad_do;
    floor_table.EndIOOperation = bad_end;
}
