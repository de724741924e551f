/* Start and stop (control threads) and the IO operations (RT threads, which take no lock). */

#include "subject.h"
#include "spoil.h"

static void begin_line(device *d)
{
    for (UInt32 i = 0; i < d->stream_count && !defect(old_line_audible); i++)
        ring_clear(d->streams[i]->ring);
    clock_begin(&d->clock, d->now.rate);
}

/* Each call counts, whichever client it is for: that is right for hosts that start
 * every client and for hosts that start the first only. */
static OSStatus start(device *d)
{
    UInt32 started = atomic_load(&d->started);
    if (!thing_at(d->id))
        return kAudioHardwareBadObjectError;
    if ((started == UINT32_MAX && !defect(stop_goes_below_zero)) || (defect(second_start_refused) && started))
        return kAudioHardwareIllegalOperationError;
    if (!started)
        begin_line(d);
    atomic_store(&d->started, started + 1);
    if (!started && !defect(running_not_notified))
        notify(d->id, kAudioDevicePropertyDeviceIsRunning, 0);
    return 0;
}

OSStatus subject_start(DRIVER driver, AudioObjectID object, UInt32 client_id)
{
    device *d = device_at(object);
    if (!is_ours(driver) || !d)
        return kAudioHardwareBadObjectError;
    if (DEFECTIVE)
        d = spoil_start(d, client_id);
    lock();
    OSStatus status = d ? start(d) : kAudioHardwareIllegalOperationError;
    unlock();
    return DEFECTIVE ? spoil_started(d, status) : status;
}

static OSStatus stop(device *d)
{
    UInt32 started = atomic_load(&d->started);
    if (!started)
        return kAudioHardwareIllegalOperationError;
    atomic_store(&d->started, defect(first_stop_stops_all) ? 0 : started - 1);
    if (started == 1 && !defect(running_not_notified))
        notify(d->id, kAudioDevicePropertyDeviceIsRunning, 0);
    return 0;
}

OSStatus subject_stop(DRIVER driver, AudioObjectID object, UInt32 client_id)
{
    device *d = device_at(object);
    OSStatus status;
    (void)client_id;
    if (!is_ours(driver) || !d)
        return kAudioHardwareBadObjectError;
    lock();
    if (!DEFECTIVE || !spoil_stop(d, &status))
        status = stop(d);
    unlock();
    return status;
}

/* ReadInput and WriteMix, in place, and nothing else. */
OSStatus subject_will_do(DRIVER driver, AudioObjectID object, UInt32 client_id, UInt32 operation, Boolean *will,
                         Boolean *in_place)
{
    (void)client_id;
    if (!is_ours(driver) || !device_at(object))
        return kAudioHardwareBadObjectError;
    if (!will || !in_place)
        return kAudioHardwareIllegalOperationError;
    *will = operation == kAudioServerPlugInIOOperationReadInput || operation == kAudioServerPlugInIOOperationWriteMix;
    *in_place = 1;
    if (defect(write_not_promised) && operation == kAudioServerPlugInIOOperationWriteMix)
        *will = 0;
    if (defect(read_not_in_place) && operation == kAudioServerPlugInIOOperationReadInput)
        *in_place = 0;
    return 0;
}

static OSStatus check_cycle(DRIVER driver, AudioObjectID object, CYCLE cycle)
{
    if (!is_ours(driver) || (!device_at(object) && !defect(io_on_unknown_device)))
        return kAudioHardwareBadObjectError;
    return cycle ? 0 : kAudioHardwareIllegalOperationError;
}

OSStatus subject_begin(DRIVER driver, AudioObjectID object, UInt32 client_id, UInt32 operation, UInt32 frames,
                       CYCLE cycle)
{
    (void)client_id, (void)operation, (void)frames;
    return check_cycle(driver, object, cycle);
}

OSStatus subject_end(DRIVER driver, AudioObjectID object, UInt32 client_id, UInt32 operation, UInt32 frames,
                     CYCLE cycle)
{
    (void)client_id, (void)operation, (void)frames;
    return check_cycle(driver, object, cycle);
}

/* The frame that a sample time lies in, negative ones too; what is no time is where nothing ever is. */
static int64_t frame_at(Float64 sample_time)
{
    if (!(sample_time >= -9e15 && sample_time <= 9e15))
        return NO_FRAME / 2;
    int64_t towards_zero = (int64_t)sample_time;
    return towards_zero - (sample_time < (Float64)towards_zero);
}

static OSStatus read_input(stream *s, UInt32 frames, CYCLE cycle, void *audio)
{
    int64_t time = frame_at(cycle->mInputTime.mSampleTime);
    if (DEFECTIVE)
        time = spoil_time(s, time, frames);
    ring_read(s, time, frames, audio);
    return 0;
}

static OSStatus write_mix(device *d, stream *s, UInt32 frames, CYCLE cycle, const void *audio)
{
    int64_t time = frame_at(cycle->mOutputTime.mSampleTime);
    if (DEFECTIVE)
        time = spoil_time(s, time, frames);
    if (time != NO_FRAME / 2)
        ring_write(s, time, frames, audio, atomic_load_explicit(&d->gain, memory_order_relaxed));
    return 0;
}

OSStatus subject_do(DRIVER driver, AudioObjectID object, AudioObjectID stream_id, UInt32 client_id, UInt32 operation,
                    UInt32 frames, CYCLE cycle, void *audio, void *secondary)
{
    bool reads = operation == kAudioServerPlugInIOOperationReadInput;
    device *d = device_at(object);
    OSStatus status;
    (void)client_id, (void)secondary;
    if (!is_ours(driver) || !d)
        return defect(io_on_unknown_device) ? 0 : kAudioHardwareBadObjectError;
    if (!reads && operation != kAudioServerPlugInIOOperationWriteMix)
        return DEFECTIVE ? spoil_other(frames, audio) : 0;
    if ((!cycle && !defect(null_cycle_crashes)) || (!audio && !defect(null_buffer_crashes)))
        return kAudioHardwareIllegalOperationError;
    stream *s = stream_at(d, stream_id, reads);
    if (!s)
        return kAudioHardwareBadStreamError;
    if (DEFECTIVE && spoil_do(d, s, frames, &status))
        return status;
    status = reads ? read_input(s, frames, cycle, audio) : write_mix(d, s, frames, cycle, audio);
    return DEFECTIVE ? spoil_done(d, s, frames, audio, status) : status;
}
