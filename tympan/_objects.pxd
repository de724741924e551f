# The object graph that property getters and IO entries read: plain C, built
# from the declarations on a control thread. A structural change builds another
# one, which takes over the devices that stay as they are (_graphs.pyx). Fields
# marked atomic change while others read them; everything else is constant.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from tympan._convert cimport SampleType
from tympan._directory cimport Directory, Line
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
    UInt32 wanted_format        # 1, 2, ...: of formats, in the change to come; 0: as it is. Guarded by `control`
    bint native                 # the ring and process_io use the stream's own format
    Ring* ring                  # the one it shares with the stream of its index in the other direction; or NULL
    UInt32 ring_channels
    UInt32 ramp_count           # gains that the core applies: none, one, or one per channel
    void* ramps                 # see _gains
    UInt32 is_active            # atomic
    CFStringRef name            # atomic
    CFStringRef* channel_names  # `channels` of them; atomic


cdef struct Item:
    UInt32 number
    CFStringRef name


# A control. Constant but for what it is set to.
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
    ControlState* state         # inside the driver's Control object, which outlives the device
    void* handle                # that object; an owned reference


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
    UInt32 device               # its index for the driver: 0, 1, ... and the same for as long as the device is there
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
    AudioObjectID id
    UInt32 holders              # graphs that it is in; control threads only
    void* spec                  # the DeviceSpec that it was built from; an owned reference
    CFStringRef uid
    CFStringRef name            # atomic
    CFStringRef maker
    CFStringRef model_uid
    CFStringRef model_name      # NULL: no such property
    UInt32 transport
    UInt32 hidden               # atomic
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
    bint wants_spec             # the driver's _wanted has a DeviceSpec for it
    Float64 wanted_rate
    Line* line                  # its clock; the same for all builds of the device
    UInt32 ring_count           # pairs of an output and an input stream
    Ring* rings
    IoPlan io


cdef struct Object:
    AudioObjectID id            # 0: nothing is here
    AudioClassID class_id
    AudioClassID base_class
    AudioObjectID owner
    AudioClassID family         # the class whose rows it has
    Device* device              # of a device, or of a stream's or control's owner
    Stream* stream
    Control* control


cdef struct Graph:
    UInt32 mask                 # of `objects`: a power of two, less 1
    Object* objects             # by id: at `id & mask`, or at the next free place after it
    UInt32 device_count
    Device** devices
    UInt32* groups              # of each device: equal for related ones
    Customs customs             # of the plug-in
    CFStringRef name
    CFStringRef maker
    CFStringRef bundle_id
    CFStringRef resource_bundle
    # Once another graph has taken its place: strings that go with it, and whether somebody can still be reading it.
    UInt32 old_count
    CFStringRef* old
    UInt32 seen_io
    UInt32 seen_calls
    Graph* next_retired


# The object of that id, or NULL. Ids are given in order and at most half of the places are taken, so there is
# hardly ever a second look.
cdef inline const Object* object_of(const Graph* graph, AudioObjectID object_id) noexcept nogil:
    cdef UInt32 place = object_id
    if graph is NULL or object_id == 0:
        return NULL
    while True:
        place &= graph.mask
        if graph.objects[place].id == object_id:
            return &graph.objects[place]
        if graph.objects[place].id == 0:
            return NULL
        place += 1


cdef Device* build_device(
    object driver, object spec, UInt32 index, Directory* directory, const Device* before
) except NULL
cdef void free_device(Device* device) noexcept
cdef CFStringRef string_of(object text) except NULL
cdef int fill_customs(Customs* customs, object specs) except -1
cdef CFURLRef resource_of(CFStringRef bundle_id, object name) except? NULL
cdef object stream_name(const Stream* stream, object spec)
cdef object channel_name(object spec, UInt32 index)
