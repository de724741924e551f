# cython: language_level=3
"""Builds the object graph from DeviceSpecs. Control thread, GIL held, once per Initialize."""

from libc.stdlib cimport calloc, free

from tympan._controls cimport store_place
from tympan._convert cimport FLOAT32, INT16, INT24, INT32
from tympan._driver cimport Driver
from tympan._gains cimport aim, ty_ramp
from tympan._ring cimport Ring
from tympan._rt cimport ty_audio_alloc
from tympan.coreaudio cimport (
    AudioChannelLabel, AudioClassID, AudioValueRange, CFBundleCopyResourceURL, CFBundleGetBundleWithIdentifier,
    CFBundleRef, CFRelease, CFStringCreateWithCString, CFURLRef, kAudioBooleanControlClassID, kAudioControlClassID,
    kAudioDeviceClassID, kAudioLevelControlClassID, kAudioObjectClassID, kAudioObjectPlugInObject, kAudioObjectUnknown,
    kAudioPlugInClassID, kAudioSelectorControlClassID, kAudioSliderControlClassID, kAudioStereoPanControlClassID,
    kAudioStreamClassID, kCFStringEncodingUTF8,
)

from tympan._driver import IoOperation
from tympan._spec import CLOCK_ALGORITHMS, TRANSPORTS, related_groups

_FAMILIES = {
    "level": kAudioLevelControlClassID, "toggle": kAudioBooleanControlClassID,
    "selector": kAudioSelectorControlClassID, "slider": kAudioSliderControlClassID,
    "pan": kAudioStereoPanControlClassID,
}
_KINDS = {"float32": FLOAT32, "int16": INT16, "int24": INT24, "int32": INT32}


cdef CFStringRef _string(object text) except NULL:
    cdef bytes utf8 = text.encode("utf-8")
    cdef CFStringRef string = CFStringCreateWithCString(NULL, utf8, kCFStringEncodingUTF8)
    if string is NULL:
        raise MemoryError
    return string


cdef CFStringRef _optional(object text) except? NULL:
    if text is None:
        return NULL
    return _string(text)


cdef void _release(CFStringRef string) noexcept:
    if string is not NULL:
        CFRelease(<const void*>string)


cdef void* _array(size_t count, size_t size) except NULL:
    cdef void* memory = calloc(max(count, <size_t>1), size)
    if memory is NULL:
        raise MemoryError
    return memory


cdef UInt32 _fourcc(object code) except? 0:
    return int.from_bytes(code.encode("ascii"), "big")


cdef object _channel_name(object spec, int index):
    if spec.channel_names:
        return spec.channel_names[index]
    if spec.format.channels == 2:
        return ("Left", "Right")[index]
    return f"Channel {index + 1}"


cdef object _stream_name(const Stream* stream):
    name = "Input" if stream.is_input else "Output"
    return f"{name} {stream.index + 1}" if stream.index else name


cdef int _fill_formats(Stream* stream, object spec) except -1:
    cdef Format* offered
    stream.formats = <Format*>_array(len(spec.formats), sizeof(Format))
    for format in spec.formats:
        offered = &stream.formats[stream.format_count]
        offered.kind, offered.channels = _KINDS[format.sample_type], format.channels
        offered.bits, offered.frame_bytes = format.bits_per_channel, format.bytes_per_frame
        stream.format_count += 1
    return 0


cdef int _fill_stream(Stream* stream, object spec, UInt32 index, AudioObjectID object_id) except -1:
    cdef int i
    stream.id = object_id
    stream.index = index
    stream.is_input = spec.direction == "input"
    stream.channels = spec.format.channels
    stream.latency = spec.latency
    stream.terminal = _fourcc(spec.terminal)
    stream.kind = _KINDS[spec.format.sample_type]
    stream.bits = spec.format.bits_per_channel
    stream.frame_bytes = spec.format.bytes_per_frame
    _fill_formats(stream, spec)
    stream.is_active = 1
    stream.name = _string(spec.name or _stream_name(stream))
    stream.channel_names = <CFStringRef*>_array(stream.channels, sizeof(CFStringRef))
    for i in range(<int>stream.channels):
        stream.channel_names[i] = _string(_channel_name(spec, i))
    return 0


cdef int _fill_identity(Device* device, object spec) except -1:
    device.uid = _string(spec.uid)
    device.name = _string(spec.name)
    device.maker = _string(spec.manufacturer)
    device.model_uid = _string(spec.model_uid)
    device.model_name = _optional(spec.model_name)
    device.application = _optional(spec.configuration_application)
    device.serial_number = _optional(spec.serial_number)
    device.firmware_version = _optional(spec.firmware_version)
    device.transport = _fourcc(TRANSPORTS[spec.transport])
    device.clock_algorithm = _fourcc(CLOCK_ALGORITHMS[spec.clock_algorithm])
    device.clock_is_stable = spec.clock_stable
    device.clock_domain = spec.clock_domain
    device.hidden = spec.hidden
    device.identifies = spec.identifies
    device.keeps_controls = not spec.restores_controls
    device.keeps_formats = not spec.restores_formats
    return 0


# What a device has for each direction: 0 input, 1 output.
cdef int _fill_scope(Device* device, object spec, int scope) except -1:
    cdef Layout* layout = &device.layouts[scope]
    second = min(device.channels[scope], 2)
    device.can_be_default[scope] = spec.default_device[scope]
    device.can_be_system_default[scope] = spec.default_system_device[scope]
    device.stereo_left[scope], device.stereo_right[scope] = spec.stereo_pairs[scope] or (1, second)
    if spec.layouts[scope] is not None:
        layout.tag, labels = spec.layouts[scope]
        layout.labels = <AudioChannelLabel*>_array(len(labels), sizeof(AudioChannelLabel))
        for label in labels:
            layout.labels[layout.label_count] = label
            layout.label_count += 1
    return 0


# A file among the resources of the bundle; NULL where it is not, or where there is no bundle.
cdef CFURLRef _resource(CFStringRef bundle_id, object name) except? NULL:
    cdef CFBundleRef bundle = CFBundleGetBundleWithIdentifier(bundle_id)
    cdef CFStringRef file
    cdef CFURLRef url
    if bundle is NULL or name is None:
        return NULL
    file = _string(name)
    url = CFBundleCopyResourceURL(bundle, file, NULL, NULL)
    _release(file)
    return url


cdef int _fill_timing(Device* device, object spec) except -1:
    device.latency[0], device.latency[1] = spec.latencies
    device.safety_offset[0], device.safety_offset[1] = spec.safety_offsets
    device.rate_count = len(spec.sample_rates)
    device.rates = <AudioValueRange*>_array(device.rate_count, sizeof(AudioValueRange))
    for i, rate in enumerate(spec.sample_rates):
        low, high = rate if isinstance(rate, tuple) else (rate, rate)
        device.rates[i].mMinimum, device.rates[i].mMaximum = low, high
    device.rate = spec.initial_rate
    return 0


# True when the author wrote no process_io: the core then copies by itself.
cdef bint _is_plain(Driver driver) noexcept:
    return <void*>driver.process_io == <void*>Driver.process_io


cdef int _plan_processing(Device* device, Driver driver, UInt32 index) except -1:
    cdef IoPlan* io = &device.io
    cdef UInt32 i
    operations = driver.IO_OPERATIONS
    if operations is None:
        operations = (IoOperation.WRITE_MIX if device.output_count else IoOperation.READ_INPUT,)
    io.driver = <void*>driver
    io.process = <ProcessIo><void*>driver.process_io
    if not _is_plain(driver):
        io.process_read = device.input_count > 0 and IoOperation.READ_INPUT in operations
        io.process_write = device.output_count > 0 and IoOperation.WRITE_MIX in operations
    io.device = index
    if driver.IO_FORMAT == "native":
        for i in range(device.input_count):
            device.inputs[i].native = 1
        for i in range(device.output_count):
            device.outputs[i].native = 1
    return 0


# One ramp serves a whole stream unless a control is for a single channel.
cdef int _plan_gains(Device* device) except -1:
    cdef UInt32 i, count = 0
    for i in range(device.control_count):
        if device.controls[i].applied:
            single = device.controls[i].element or device.controls[i].family == kAudioStereoPanControlClassID
            count = 2 if single else max(count, <UInt32>1)
    for i in range(device.output_count):
        device.outputs[i].ramps = _array(device.outputs[i].channels, sizeof(ty_ramp))
        device.outputs[i].ramp_count = device.outputs[i].channels if count == 2 else count
    aim(device)
    return 0


cdef bint _is_applied(const Device* device) noexcept:
    return device.output_count > 0 and device.outputs[0].ramp_count > 0


cdef int _plan_scratch(Device* device) except -1:
    cdef IoPlan* io = &device.io
    cdef size_t channels = 0
    cdef UInt32 i
    if not (io.process_read or io.process_write or _is_applied(device)):
        return 0
    for i in range(device.input_count):
        channels = max(channels, device.inputs[i].channels)
    for i in range(device.output_count):
        channels = max(channels, device.outputs[i].channels)
    io.scratch_slots = SCRATCH_SLOTS if io.process_read else 1
    io.scratch_bytes = channels * sizeof(float) * MAX_BUFFER
    io.scratch = <char*>ty_audio_alloc(2 * io.scratch_slots * io.scratch_bytes)
    if io.scratch is NULL:
        raise MemoryError
    io.scratch_busy = ~<UInt32>((1 << io.scratch_slots) - 1)
    return 0


# The n-th output stream feeds the n-th input stream.
cdef int _plan_rings(Device* device) except -1:
    cdef UInt32 i
    device.rings = <Ring*>_array(min(device.input_count, device.output_count), sizeof(Ring))
    device.io.read_offset = device.latency[0] + device.latency[1]
    for i in range(min(device.input_count, device.output_count)):
        device.ring_count += 1
        _plan_ring(device, &device.outputs[i], &device.inputs[i], &device.rings[i])
    return 0


cdef int _plan_ring(Device* device, Stream* source, Stream* sink, Ring* ring) except -1:
    cdef int64_t distance
    if source.kind == sink.kind and source.channels == sink.channels and not (
        device.io.process_read or device.io.process_write or source.ramp_count
    ):
        source.native = sink.native = True      # nothing looks at the samples: keep their bits
    source.ring = sink.ring = ring
    source.ring_channels = sink.ring_channels = source.channels
    ring.frame_bytes = source.frame_bytes if source.native else source.channels * sizeof(float)
    # Between the oldest frame still to be read and the newest written lie two
    # buffers and all offsets; one more buffer is being written.
    ring.reach = device.io.read_offset + device.safety_offset[0] + device.safety_offset[1]
    distance = 3 * MAX_BUFFER + ring.reach
    ring.capacity = 1
    while ring.capacity < distance:
        ring.capacity *= 2
    ring.data = <char*>ty_audio_alloc(<size_t>ring.capacity * ring.frame_bytes)
    if ring.data is NULL:
        raise MemoryError
    return 0


cdef int _fill_control(Control* control, object spec, AudioObjectID object_id) except -1:
    control.id = object_id
    control.class_id = _fourcc(spec.object_class)
    control.family = _FAMILIES[spec.family]
    control.scope = _fourcc(spec.scope_code)
    control.element = spec.element
    control.settable = spec.settable
    control.applied = spec.applied
    control.name = _string(spec.name)
    control.decibels[0], control.decibels[1] = spec.decibels
    control.curve = spec.curve
    control.bounds[0], control.bounds[1] = spec.bounds
    control.items = <Item*>_array(len(spec.items), sizeof(Item))
    for number, name in spec.items:
        control.items[control.item_count].name = _string(name)
        control.items[control.item_count].number = number
        control.item_count += 1
    if spec.family in ("level", "pan"):
        store_place(control, spec.value)
    else:
        control.state.value = spec.value
    return 0


cdef int _fill_customs(Customs* customs, object specs) except -1:
    cdef Custom* item
    customs.items = <Custom*>_array(len(specs), sizeof(Custom))
    for spec in specs:
        item = &customs.items[customs.count]
        item.selector = _fourcc(spec.selector)
        item.data_type = _fourcc(spec.type_code)
        item.qualifier_type = _fourcc(spec.qualifier_code) if spec.qualifier else 0
        item.settable = spec.settable
        customs.count += 1
    return 0


cdef int _fill_device(Device* device, Driver driver, object spec, UInt32 index, AudioObjectID first_id) except -1:
    cdef AudioObjectID next_id = first_id + 1
    device.id = first_id
    _fill_identity(device, spec)
    _fill_timing(device, spec)
    device.inputs = <Stream*>_array(len(spec.inputs), sizeof(Stream))
    device.outputs = <Stream*>_array(len(spec.outputs), sizeof(Stream))
    for stream in spec.inputs:
        device.input_count += 1
        _fill_stream(&device.inputs[device.input_count - 1], stream, device.input_count - 1, next_id)
        next_id += 1
    for stream in spec.outputs:
        device.output_count += 1
        _fill_stream(&device.outputs[device.output_count - 1], stream, device.output_count - 1, next_id)
        next_id += 1
    device.controls = <Control*>_array(len(spec.controls), sizeof(Control))
    for control in spec.controls:
        device.control_count += 1
        _fill_control(&device.controls[device.control_count - 1], control, next_id)
        next_id += 1
    _fill_customs(&device.customs, spec.properties)
    device.channels[0] = sum(stream.format.channels for stream in spec.inputs)
    device.channels[1] = sum(stream.format.channels for stream in spec.outputs)
    _fill_scope(device, spec, 0)
    _fill_scope(device, spec, 1)
    _plan_gains(device)
    _plan_processing(device, driver, index)
    _plan_scratch(device)
    return _plan_rings(device)


cdef void _index_stream(Graph* graph, Device* device, Stream* stream) noexcept:
    graph.objects[stream.id] = Object(
        kAudioStreamClassID, kAudioObjectClassID, device.id, kAudioStreamClassID, device, stream, NULL
    )


cdef void _index_control(Graph* graph, Device* device, Control* control) noexcept:
    cdef AudioClassID base = control.family if control.class_id != control.family else kAudioControlClassID
    graph.objects[control.id] = Object(control.class_id, base, device.id, control.family, device, NULL, control)


cdef void _index(Graph* graph) noexcept:
    cdef UInt32 i, j
    cdef Device* device
    graph.objects[kAudioObjectPlugInObject] = Object(
        kAudioPlugInClassID, kAudioObjectClassID, kAudioObjectUnknown, kAudioPlugInClassID, NULL, NULL, NULL
    )
    for i in range(graph.device_count):
        device = &graph.devices[i]
        graph.objects[device.id] = Object(
            kAudioDeviceClassID, kAudioObjectClassID, kAudioObjectPlugInObject, kAudioDeviceClassID, device, NULL, NULL
        )
        for j in range(device.input_count):
            _index_stream(graph, device, &device.inputs[j])
        for j in range(device.output_count):
            _index_stream(graph, device, &device.outputs[j])
        for j in range(device.control_count):
            _index_control(graph, device, &device.controls[j])


cdef int _fill_graph(Graph* graph, Driver driver, object specs) except -1:
    cdef AudioObjectID next_id = kAudioObjectPlugInObject + 1
    graph.name = _string(driver.NAME)
    graph.maker = _string(driver.MANUFACTURER)
    graph.bundle_id = _string(driver.BUNDLE_ID or specs[0].uid)
    graph.resource_bundle = _string(driver.RESOURCE_BUNDLE)
    _fill_customs(&graph.customs, driver.PROPERTIES)
    groups = related_groups(specs)
    graph.devices = <Device*>_array(len(specs), sizeof(Device))
    for index, spec in enumerate(specs):
        graph.device_count += 1
        _fill_device(&graph.devices[index], driver, spec, index, next_id)
        graph.devices[index].group = groups[spec.uid]
        graph.devices[index].icon = _resource(graph.bundle_id, spec.icon)
        next_id += 1 + owned_by(&graph.devices[index])
    graph.object_count = next_id
    graph.objects = <Object*>_array(graph.object_count, sizeof(Object))
    _index(graph)
    return 0


cdef Graph* build_graph(object driver, object specs) except NULL:
    """All memory and strings of the devices that ``specs`` declare; raises MemoryError."""
    cdef Graph* graph = <Graph*>_array(1, sizeof(Graph))
    try:
        _fill_graph(graph, driver, specs)
    except BaseException:
        free_graph(graph)
        raise
    return graph


cdef void _free_streams(Stream* streams, UInt32 count) noexcept:
    cdef UInt32 i, j
    for i in range(count):
        _release(streams[i].name)
        free(streams[i].ramps)
        free(streams[i].formats)
        if streams[i].channel_names is not NULL:
            for j in range(streams[i].channels):
                _release(streams[i].channel_names[j])
        free(streams[i].channel_names)
    free(streams)


cdef void _free_controls(Control* controls, UInt32 count) noexcept:
    cdef UInt32 i, j
    for i in range(count):
        _release(controls[i].name)
        for j in range(controls[i].item_count):
            _release(controls[i].items[j].name)
        free(controls[i].items)
    free(controls)


cdef void _free_device(Device* device) noexcept:
    cdef UInt32 i
    _free_controls(device.controls, device.control_count)
    free(device.customs.items)
    _release(device.uid)
    _release(device.name)
    _release(device.maker)
    _release(device.model_uid)
    _release(device.model_name)
    _release(<CFStringRef>device.icon)
    _release(device.application)
    _release(device.serial_number)
    _release(device.firmware_version)
    free(device.layouts[0].labels)
    free(device.layouts[1].labels)
    _free_streams(device.inputs, device.input_count)
    _free_streams(device.outputs, device.output_count)
    free(device.rates)
    for i in range(device.ring_count):
        free(device.rings[i].data)
    free(device.rings)
    free(device.io.scratch)


cdef void free_graph(Graph* graph) noexcept:
    """Everything that build_graph made, also when it stopped half way."""
    cdef UInt32 i
    if graph is NULL:
        return
    for i in range(graph.device_count):
        _free_device(&graph.devices[i])
    _release(graph.name)
    _release(graph.maker)
    _release(graph.bundle_id)
    _release(graph.resource_bundle)
    free(graph.customs.items)
    free(graph.devices)
    free(graph.objects)
    free(graph)
