# cython: language_level=3
"""Builds a device of the object graph from its DeviceSpec. Control thread, GIL held."""

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from libc.stdlib cimport calloc, free

from tympan._controls cimport has_item, place_of, store_place
from tympan._convert cimport FLOAT32, INT16, INT24, INT32
from tympan._directory cimport Directory, give_line, take_line
from tympan._driver cimport Control as Handle, Driver
from tympan._formats cimport offers_rate
from tympan._gains cimport aim, ty_ramp
from tympan._ring cimport Ring
from tympan._rt cimport ty_audio_alloc, ty_load_u32, ty_store_release_u32
from tympan.coreaudio cimport (
    AudioChannelLabel, AudioValueRange, CFBundleCopyResourceURL, CFBundleGetBundleWithIdentifier, CFBundleRef,
    CFRelease, CFStringCreateWithCString, CFURLRef, kAudioBooleanControlClassID, kAudioLevelControlClassID,
    kAudioSelectorControlClassID, kAudioSliderControlClassID, kAudioStereoPanControlClassID, kCFStringEncodingUTF8,
)

from tympan._driver import IoOperation
from tympan._spec import CLOCK_ALGORITHMS, TRANSPORTS

_FAMILIES = {
    "level": kAudioLevelControlClassID, "toggle": kAudioBooleanControlClassID,
    "selector": kAudioSelectorControlClassID, "slider": kAudioSliderControlClassID,
    "pan": kAudioStereoPanControlClassID,
}
_KINDS = {"float32": FLOAT32, "int16": INT16, "int24": INT24, "int32": INT32}


cdef CFStringRef string_of(object text) except NULL:
    cdef bytes utf8 = text.encode("utf-8")
    cdef CFStringRef string = CFStringCreateWithCString(NULL, utf8, kCFStringEncodingUTF8)
    if string is NULL:
        raise MemoryError
    return string


cdef CFStringRef _optional(object text) except? NULL:
    if text is None:
        return NULL
    return string_of(text)


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


cdef object channel_name(object spec, UInt32 index):
    if spec.channel_names:
        return spec.channel_names[index]
    if spec.format.channels == 2:
        return ("Left", "Right")[index]
    return f"Channel {index + 1}"


cdef object stream_name(const Stream* stream, object spec):
    name = "Input" if stream.is_input else "Output"
    return spec.name or (f"{name} {stream.index + 1}" if stream.index else name)


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
    stream.name = string_of(stream_name(stream, spec))
    stream.channel_names = <CFStringRef*>_array(stream.channels, sizeof(CFStringRef))
    for i in range(<int>stream.channels):
        stream.channel_names[i] = string_of(channel_name(spec, i))
    return 0


cdef int _fill_identity(Device* device, object spec) except -1:
    device.uid = string_of(spec.uid)
    device.name = string_of(spec.name)
    device.maker = string_of(spec.manufacturer)
    device.model_uid = string_of(spec.model_uid)
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
cdef CFURLRef resource_of(CFStringRef bundle_id, object name) except? NULL:
    cdef CFBundleRef bundle = CFBundleGetBundleWithIdentifier(bundle_id)
    cdef CFStringRef file
    cdef CFURLRef url
    if bundle is NULL or name is None:
        return NULL
    file = string_of(name)
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


# The Control of that name and kind that the device had before, or a new one. It goes on with its id and its state.
cdef Handle _handle(Driver driver, object spec, Directory* directory, const Device* before):
    cdef Handle handle
    cdef UInt32 i
    for i in range(before.control_count if before is not NULL else 0):
        handle = <Handle>before.controls[i].handle
        if handle.spec.name == spec.name and handle.spec.kind == spec.kind:
            return handle
    handle = Handle()
    handle.id, directory.next_id = directory.next_id, directory.next_id + 1
    handle.spec = spec
    return handle


cdef int _fill_control(Control* control, object spec, Handle handle) except -1:
    control.id = handle.id
    control.state = &handle.state
    Py_INCREF(handle)
    control.handle = <void*>handle
    control.class_id = _fourcc(spec.object_class)
    control.family = _FAMILIES[spec.family]
    control.scope = _fourcc(spec.scope_code)
    control.element = spec.element
    control.settable = spec.settable
    control.applied = spec.applied
    control.name = string_of(spec.name)
    control.decibels[0], control.decibels[1] = spec.decibels
    control.curve = spec.curve
    control.bounds[0], control.bounds[1] = spec.bounds
    control.items = <Item*>_array(len(spec.items), sizeof(Item))
    for number, name in spec.items:
        control.items[control.item_count].name = string_of(name)
        control.items[control.item_count].number = number
        control.item_count += 1
    return 0


cdef int fill_customs(Customs* customs, object specs) except -1:
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


# What a new control is set to; what one that stays is set to, if it still can be.
cdef void _set_control(Control* control, object spec, bint is_new) noexcept:
    cdef UInt32 number = control.state.value
    if spec.family in ("level", "pan"):
        store_place(control, spec.value if is_new else place_of(control))
    elif is_new or (spec.family == "selector" and not has_item(control, number)):
        ty_store_release_u32(&control.state.value, spec.value)
    elif spec.family == "slider":
        ty_store_release_u32(&control.state.value, min(max(number, control.bounds[0]), control.bounds[1]))


cdef int _fill_controls(Device* device, Driver driver, Directory* directory, const Device* before) except -1:
    cdef AudioObjectID first_new = directory.next_id
    cdef Control* control
    cdef Handle handle
    specs = (<object>device.spec).controls
    device.controls = <Control*>_array(len(specs), sizeof(Control))
    for spec in specs:
        handle = _handle(driver, spec, directory, before)
        control = &device.controls[device.control_count]
        device.control_count += 1
        _fill_control(control, spec, handle)
        _set_control(control, spec, control.id >= first_new)
    return 0


# The n-th stream of a direction has the id, and is as active, as the n-th was before.
cdef int _fill_streams(
    Stream* streams, UInt32* count, object specs, Directory* directory, const Stream* before, UInt32 had
) except -1:
    cdef UInt32 i
    for spec in specs:
        i = count[0]
        count[0] += 1
        if i < had:
            _fill_stream(&streams[i], spec, i, before[i].id)
            streams[i].is_active = ty_load_u32(&before[i].is_active)
        else:
            _fill_stream(&streams[i], spec, i, directory.next_id)
            directory.next_id += 1
    return 0


# What goes on from one build of the device to the next. The core's `control` is held, or nobody knows the device.
cdef void _carry_over(Device* device, const Device* before) noexcept:
    device.id = before.id
    device.line = before.line
    device.running = before.running
    device.identifying = before.identifying
    if offers_rate(device, before.rate):
        device.rate = before.rate


cdef int _fill_device(
    Device* device, Driver driver, UInt32 index, Directory* directory, const Device* before
) except -1:
    spec = <object>device.spec
    _fill_identity(device, spec)
    _fill_timing(device, spec)
    if before is not NULL:
        _carry_over(device, before)
    else:
        device.id, directory.next_id = directory.next_id, directory.next_id + 1
        device.line = take_line(directory)
        if device.line is NULL:
            raise MemoryError
    device.inputs = <Stream*>_array(len(spec.inputs), sizeof(Stream))
    device.outputs = <Stream*>_array(len(spec.outputs), sizeof(Stream))
    _fill_streams(
        device.inputs, &device.input_count, spec.inputs, directory,
        before.inputs if before is not NULL else NULL, before.input_count if before is not NULL else 0,
    )
    _fill_streams(
        device.outputs, &device.output_count, spec.outputs, directory,
        before.outputs if before is not NULL else NULL, before.output_count if before is not NULL else 0,
    )
    _fill_controls(device, driver, directory, before)
    fill_customs(&device.customs, spec.properties)
    device.channels[0] = sum(stream.format.channels for stream in spec.inputs)
    device.channels[1] = sum(stream.format.channels for stream in spec.outputs)
    _fill_scope(device, spec, 0)
    _fill_scope(device, spec, 1)
    _plan_gains(device)
    _plan_processing(device, driver, index)
    _plan_scratch(device)
    return _plan_rings(device)


cdef Device* build_device(
    object driver, object spec, UInt32 index, Directory* directory, const Device* before
) except NULL:
    """All memory and strings of one device; raises MemoryError. ``before``: it is that device, declared anew."""
    cdef Device* device = <Device*>_array(1, sizeof(Device))
    Py_INCREF(spec)
    device.spec = <void*>spec
    try:
        _fill_device(device, driver, index, directory, before)
    except BaseException:
        if before is NULL and device.line is not NULL:
            give_line(device.line)
        free_device(device)
        raise
    return device


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
        Py_XDECREF(<PyObject*>controls[i].handle)
    free(controls)


cdef void free_device(Device* device) noexcept:
    """Everything that build_device made, also when it stopped half way."""
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
    Py_DECREF(<object>device.spec)
    free(device)
