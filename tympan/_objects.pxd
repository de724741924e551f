# The object graph that property getters and IO entries read: plain C, built
# once from the declaration on a control thread. Fields marked atomic change
# while others read them; everything else is constant from publish to teardown.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from tympan._clock cimport Clock
from tympan._convert cimport SampleType
from tympan._ring cimport Ring
from tympan._types cimport IoBuffer, RealtimeContext
from tympan.coreaudio cimport AudioClassID, AudioObjectID, CFStringRef, Float64, UInt32


ctypedef void (*ProcessIo)(void* driver, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil

# Largest buffer that keeps every promise: the host derives its own limit, 6144
# frames, from the period (3/8 of it). Larger buffers are handled in parts.
cdef enum:
    MAX_BUFFER = 8192
    PERIOD = 16384              # kAudioDevicePropertyZeroTimeStampPeriod, frames
    SCRATCH_SLOTS = 8


cdef struct Stream:
    AudioObjectID id
    bint is_input
    UInt32 channels
    UInt32 latency              # frames
    UInt32 terminal
    SampleType kind
    UInt32 bits
    UInt32 frame_bytes
    UInt32 is_active            # atomic
    CFStringRef name
    CFStringRef* channel_names  # `channels` of them


# What DoIOOperation does, decided once. IO threads.
cdef struct IoPlan:
    void* driver                # the Driver object, as process_io's first argument
    ProcessIo process
    bint process_read
    bint process_write
    bint native                 # the ring and process_io use the streams' own format
    int64_t read_offset         # frames by which the ring delays (device latencies)
    UInt32 scratch_busy         # atomic, one bit per slot
    UInt32 scratch_slots
    size_t scratch_bytes        # of one half slot
    char* scratch               # slot i: bytes [2i, 2i + 2) * scratch_bytes
    UInt32 overloads            # atomic: calls that found no free slot


cdef struct Device:
    AudioObjectID id
    CFStringRef uid
    CFStringRef name
    CFStringRef maker
    CFStringRef model_uid
    CFStringRef model_name      # NULL: no such property
    UInt32 transport
    UInt32 hidden
    UInt32 can_be_default
    UInt32 can_be_system_default
    UInt32[2] latency           # input, output; frames
    UInt32[2] safety_offset     # input, output; frames
    UInt32 rate_count
    Float64* rates
    Float64 rate                # atomic, Hz
    UInt32 running              # atomic: StartIO minus StopIO
    UInt32 input_count
    Stream* inputs
    UInt32 output_count
    Stream* outputs
    Clock clock
    Ring ring                   # data is NULL unless the device has both directions
    IoPlan io


cdef struct Object:
    AudioClassID class_id
    AudioClassID base_class
    AudioObjectID owner
    Device* device              # of a device, or of a stream's owner
    Stream* stream


cdef struct Graph:
    UInt32 object_count         # ids are 1 ... object_count - 1
    Object* objects
    UInt32 device_count
    Device* devices
    CFStringRef name
    CFStringRef maker
    CFStringRef bundle_id
    CFStringRef resource_bundle


cdef Graph* build_graph(object driver, object spec) except NULL
cdef void free_graph(Graph* graph) noexcept
