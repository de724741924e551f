# The object graph that property getters and IO entries read: plain C, built
# once from the declarations on a control thread. Fields marked atomic change
# while others read them; everything else is constant from publish to teardown.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from tympan._clock cimport Clock
from tympan._convert cimport SampleType
from tympan._ring cimport Ring
from tympan._types cimport ControlState, IoBuffer, RealtimeContext
from tympan.coreaudio cimport (
    AudioChannelLabel, AudioChannelLayoutTag, AudioClassID, AudioObjectID, AudioValueRange, CFStringRef, CFURLRef,
    Float32, Float64, UInt32, UInt64,
)


ctypedef void (*ProcessIo)(void* driver, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil

# Largest buffer that keeps every promise: the host derives its own limit, 6144
# frames, from the period (3/8 of it). Larger buffers are handled in parts.
cdef enum:
    MAX_BUFFER = 8192
    PERIOD = 16384              # kAudioDevicePropertyZeroTimeStampPeriod, frames
    SCRATCH_SLOTS = 8


# How a stream's samples lie in memory.
cdef struct Format:
    SampleType kind
    UInt32 channels
    UInt32 bits
    UInt32 frame_bytes


cdef struct Stream:
    AudioObjectID id
    bint is_input
    UInt32 channels
    UInt32 latency              # frames
    UInt32 terminal
    UInt32 index                # among the device's streams of its direction
    SampleType kind
    UInt32 bits
    UInt32 frame_bytes
    UInt32 format_count         # all that can be chosen, the present one among them
    Format* formats
    bint native                 # the ring and process_io use the stream's own format
    Ring* ring                  # the one it shares with the stream of its index in the other direction; or NULL
    UInt32 ring_channels
    UInt32 ramp_count           # gains that the core applies: none, one, or one per channel
    void* ramps                 # see _gains
    UInt32 is_active            # atomic
    CFStringRef name
    CFStringRef* channel_names  # `channels` of them


cdef struct Item:
    UInt32 number
    CFStringRef name


# A control. Constant but for its state.
cdef struct Control:
    AudioObjectID id
    AudioClassID class_id
    AudioClassID family         # the class whose properties it has: level, boolean, selector, slider, pan
    UInt32 scope                # kAudioObjectPropertyScopeInput, ...Output, ...Global
    UInt32 element
    bint settable               # by the host
    bint applied                # by the core, to what is played
    CFStringRef name
    Float32[2] decibels         # low, high
    Float32 curve
    UInt32[2] bounds            # a slider's ends, or the channels of a pan
    UInt32 item_count
    Item* items
    ControlState state


# A property of the driver's own, whose value Python answers. Constant.
cdef struct Custom:
    UInt32 selector             # 0: none
    UInt32 data_type            # kAudioServerPlugInCustomPropertyDataTypeCFString, ...CFPropertyList
    UInt32 qualifier_type       # the same, or ...None
    bint settable


cdef struct Customs:
    UInt32 count
    Custom* items


# What DoIOOperation does, decided once. IO threads.
cdef struct IoPlan:
    void* driver                # the Driver object, as process_io's first argument
    ProcessIo process
    bint process_read
    bint process_write
    UInt32 device               # its index in the driver's declaration
    int64_t read_offset         # frames by which the rings delay (device latencies)
    UInt32 scratch_busy         # atomic, one bit per slot
    UInt32 scratch_slots
    size_t scratch_bytes        # of one half slot
    char* scratch               # slot i: bytes [2i, 2i + 2) * scratch_bytes
    UInt32 overloads            # atomic: calls that found no free slot


# kAudioDevicePropertyPreferredChannelLayout, where the declaration says what it is.
cdef struct Layout:
    AudioChannelLayoutTag tag
    UInt32 label_count          # 0: the tag says all
    AudioChannelLabel* labels


cdef struct Device:
    AudioObjectID id            # what it owns has the ids that follow; see owned_by
    CFStringRef uid
    CFStringRef name
    CFStringRef maker
    CFStringRef model_uid
    CFStringRef model_name      # NULL: no such property
    UInt32 transport
    UInt32 hidden
    UInt32 group                # equal for related devices
    UInt32 clock_domain
    UInt32 clock_algorithm
    UInt32 clock_is_stable
    # The next seven: NULL or false, and there is no such property.
    CFURLRef icon
    CFStringRef application
    CFStringRef serial_number
    CFStringRef firmware_version
    bint identifies
    bint keeps_controls
    bint keeps_formats
    UInt32 identifying          # atomic
    # Input, output:
    UInt32[2] can_be_default
    UInt32[2] can_be_system_default
    UInt32[2] stereo_left       # channels, from 1
    UInt32[2] stereo_right
    Layout[2] layouts
    UInt32[2] latency           # input, output; frames
    UInt32[2] safety_offset     # input, output; frames
    UInt32 rate_count
    AudioValueRange* rates      # a rate is a range of one
    Float64 rate                # atomic, Hz
    UInt32 running              # atomic: StartIO minus StopIO
    UInt32[2] channels          # of all streams together: input, output
    UInt32 input_count
    Stream* inputs
    UInt32 output_count
    Stream* outputs
    UInt32 control_count
    Control* controls
    Customs customs
    # A requested configuration change; 0: none. Guarded by the core's `control`.
    UInt64 change_id
    Float64 wanted_rate
    Clock clock
    UInt32 ring_count           # pairs of an output and an input stream
    Ring* rings
    IoPlan io


# How many streams and controls a device has: the ids after its own are theirs.
cdef inline UInt32 owned_by(const Device* device) noexcept nogil:
    return device.input_count + device.output_count + device.control_count


cdef struct Object:
    AudioClassID class_id
    AudioClassID base_class
    AudioObjectID owner
    AudioClassID family         # the class whose rows it has
    Device* device              # of a device, or of a stream's or control's owner
    Stream* stream
    Control* control


cdef struct Graph:
    UInt32 object_count         # ids are 1 ... object_count - 1
    Object* objects
    UInt32 device_count
    Device* devices
    Customs customs             # of the plug-in
    CFStringRef name
    CFStringRef maker
    CFStringRef bundle_id
    CFStringRef resource_bundle


cdef Graph* build_graph(object driver, object specs) except NULL
cdef void free_graph(Graph* graph) noexcept
