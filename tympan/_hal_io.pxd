# The entries that are called on IO threads: atomics only. No lock, no allocation,
# no system call, no GIL, no call to the host. Header only: part of _hal.
# DoIOOperation counts itself in, so that what it reads is not freed meanwhile; the others read only what never is.

from libc.math cimport floor
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from tympan._clock cimport Stamp, clock_stamp
from tympan._core cimport device_in, enter_io, line_in
from tympan._directory cimport Line, is_still_of
from tympan._io cimport read_input, write_mix
from tympan._objects cimport Device, Graph, Object, Stream, object_of
from tympan._readers cimport ty_leave
from tympan._rt cimport TY_LAST_TIME, ty_load_acquire_u64, ty_load_f64, ty_load_u32
from tympan._types cimport RealtimeContext
from tympan.coreaudio cimport *


cdef inline OSStatus GetZeroTimeStamp(
    AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt32 client,
    Float64* sample, UInt64* host, UInt64* seed
) noexcept nogil:
    cdef Line* line = line_in(ref, device_id)
    cdef Stamp stamp
    cdef bint runs
    if line is NULL:
        return kAudioHardwareBadObjectError
    if sample is NULL or host is NULL or seed is NULL:
        return kAudioHardwareIllegalOperationError
    runs = clock_stamp(&line.clock, mach_absolute_time(), &stamp)
    if not is_still_of(line, device_id):
        return kAudioHardwareBadObjectError
    if not runs:
        return kAudioHardwareNotRunningError
    sample[0] = <Float64>stamp.sample
    host[0] = stamp.host
    seed[0] = stamp.seed
    return kAudioHardwareNoError


cdef inline bint does(UInt32 directions, UInt32 operation) noexcept nogil:
    if operation == kAudioServerPlugInIOOperationReadInput:
        return directions & 1
    return operation == kAudioServerPlugInIOOperationWriteMix and directions & 2


cdef inline OSStatus WillDoIOOperation(
    AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt32 client, UInt32 operation,
    Boolean* will_do, Boolean* in_place
) noexcept nogil:
    cdef Line* line = line_in(ref, device_id)
    if line is NULL:
        return kAudioHardwareBadObjectError
    if will_do is NULL or in_place is NULL:
        return kAudioHardwareIllegalOperationError
    will_do[0] = does(ty_load_u32(&line.does), operation)
    in_place[0] = 1
    return kAudioHardwareNoError


cdef inline OSStatus BeginIOOperation(
    AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt32 client, UInt32 operation,
    UInt32 frames, const AudioServerPlugInIOCycleInfo* cycle
) noexcept nogil:
    return kAudioHardwareNoError if line_in(ref, device_id) is not NULL else kAudioHardwareBadObjectError


cdef inline OSStatus EndIOOperation(
    AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt32 client, UInt32 operation,
    UInt32 frames, const AudioServerPlugInIOCycleInfo* cycle
) noexcept nogil:
    return kAudioHardwareNoError if line_in(ref, device_id) is not NULL else kAudioHardwareBadObjectError


# The stream of that id, if it is the device's and of that direction.
cdef inline const Stream* stream_in(
    const Graph* graph, const Device* device, AudioObjectID stream_id, bint reading
) noexcept nogil:
    cdef const Object* item = object_of(graph, stream_id)
    if item is NULL or item.stream is NULL or item.device is not device or item.stream.is_input != reading:
        return NULL
    return item.stream


cdef inline OSStatus do_operation(
    const Graph* graph, AudioObjectID device_id, AudioObjectID stream_id, UInt32 client,
    UInt32 operation, UInt32 frames, const AudioServerPlugInIOCycleInfo* cycle, void* main
) noexcept nogil:
    cdef Device* device = device_in(graph, device_id)
    cdef bint reading = operation == kAudioServerPlugInIOOperationReadInput
    cdef const Stream* stream
    cdef const AudioTimeStamp* at
    cdef RealtimeContext rt
    if device is NULL:
        return kAudioHardwareBadObjectError
    if not does((device.input_count > 0) | (device.output_count > 0) << 1, operation):
        return kAudioHardwareNoError        # not promised: nothing to do
    if cycle is NULL or main is NULL:
        return kAudioHardwareIllegalOperationError
    stream = stream_in(graph, device, stream_id, reading)
    if stream is NULL:
        return kAudioHardwareBadObjectError
    if ty_load_acquire_u64(&device.line.clock.seed) == 0:
        return kAudioHardwareNotRunningError
    at = &cycle.mInputTime if reading else &cycle.mOutputTime
    if not -TY_LAST_TIME <= at.mSampleTime <= TY_LAST_TIME:       # also a NaN
        if reading:
            memset(main, 0, <size_t>frames * stream.frame_bytes)
        return kAudioHardwareIllegalOperationError
    rt.sample_time = <int64_t>floor(at.mSampleTime)
    rt.host_time = at.mHostTime
    rt.sample_rate = ty_load_f64(&device.rate)
    rt.cycle = cycle.mIOCycleCounter
    rt.client_id = client
    rt.nominal_frames = cycle.mNominalIOBufferFrameSize
    if reading:
        read_input(device, stream, &rt, <char*>main, frames)
    else:
        write_mix(device, stream, &rt, <const char*>main, frames)
    return kAudioHardwareNoError


cdef inline OSStatus DoIOOperation(
    AudioServerPlugInDriverRef ref, AudioObjectID device_id, AudioObjectID stream_id, UInt32 client,
    UInt32 operation, UInt32 frames, const AudioServerPlugInIOCycleInfo* cycle, void* main, void* secondary
) noexcept nogil:
    cdef uint32_t* inside
    cdef const Graph* graph = enter_io(ref, device_id, &inside)
    cdef OSStatus status = do_operation(graph, device_id, stream_id, client, operation, frames, cycle, main)
    ty_leave(inside)
    return status
