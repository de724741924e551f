# cython: language_level=3
"""Builds the object graph from a DeviceSpec. Control thread, GIL held, once per Initialize."""

from libc.stdlib cimport calloc, free

from tympan._convert cimport FLOAT32, INT16, INT24, INT32
from tympan._driver cimport Driver
from tympan._rt cimport ty_audio_alloc
from tympan.coreaudio cimport (
    CFRelease, CFStringCreateWithCString, kAudioDeviceClassID, kAudioObjectClassID, kAudioObjectPlugInObject,
    kAudioObjectUnknown, kAudioPlugInClassID, kAudioStreamClassID, kCFStringEncodingUTF8,
)

from tympan._driver import IoOperation

_KINDS = {"float32": FLOAT32, "int16": INT16, "int24": INT24, "int32": INT32}


cdef CFStringRef _string(object text) except NULL:
    cdef bytes utf8 = text.encode("utf-8")
    cdef CFStringRef string = CFStringCreateWithCString(NULL, utf8, kCFStringEncodingUTF8)
    if string is NULL:
        raise MemoryError
    return string


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


cdef int _fill_stream(Stream* stream, object spec, AudioObjectID object_id) except -1:
    cdef int i
    stream.id = object_id
    stream.is_input = spec.direction == "input"
    stream.channels = spec.format.channels
    stream.latency = spec.latency
    stream.terminal = _fourcc(spec.terminal)
    stream.kind = _KINDS[spec.format.sample_type]
    stream.bits = spec.format.bits_per_channel
    stream.frame_bytes = spec.format.bytes_per_frame
    stream.is_active = 1
    stream.name = _string(spec.name or ("Input" if stream.is_input else "Output"))
    stream.channel_names = <CFStringRef*>_array(stream.channels, sizeof(CFStringRef))
    for i in range(<int>stream.channels):
        stream.channel_names[i] = _string(_channel_name(spec, i))
    return 0


cdef int _fill_identity(Device* device, object spec) except -1:
    device.uid = _string(spec.uid)
    device.name = _string(spec.name)
    device.maker = _string(spec.manufacturer)
    device.model_uid = _string(spec.model_uid)
    if spec.model_name is not None:
        device.model_name = _string(spec.model_name)
    device.transport = _fourcc(spec.transport)
    device.hidden = spec.hidden
    device.can_be_default = spec.default_device
    device.can_be_system_default = spec.default_system_device
    return 0


cdef int _fill_timing(Device* device, object spec) except -1:
    device.latency[0], device.latency[1] = spec.latencies
    device.safety_offset[0], device.safety_offset[1] = spec.safety_offsets
    device.rate_count = len(spec.sample_rates)
    device.rates = <Float64*>_array(device.rate_count, sizeof(Float64))
    for i, rate in enumerate(spec.sample_rates):
        device.rates[i] = rate
    device.rate = spec.initial_rate
    return 0


# True when the author wrote no process_io: the core then copies by itself.
cdef bint _is_plain(Driver driver) noexcept:
    return <void*>driver.process_io == <void*>Driver.process_io


cdef int _plan_processing(Device* device, Driver driver) except -1:
    cdef IoPlan* io = &device.io
    operations = driver.IO_OPERATIONS
    if operations is None:
        operations = (IoOperation.WRITE_MIX if device.output_count else IoOperation.READ_INPUT,)
    io.driver = <void*>driver
    io.process = <ProcessIo><void*>driver.process_io
    if not _is_plain(driver):
        io.process_read = device.input_count > 0 and IoOperation.READ_INPUT in operations
        io.process_write = device.output_count > 0 and IoOperation.WRITE_MIX in operations
    io.native = driver.IO_FORMAT == "native"
    return 0


cdef int _plan_scratch(Device* device) except -1:
    cdef IoPlan* io = &device.io
    cdef size_t channels = 0
    if not (io.process_read or io.process_write):
        return 0
    if device.input_count:
        channels = device.inputs[0].channels
    if device.output_count:
        channels = max(channels, device.outputs[0].channels)
    io.scratch_slots = SCRATCH_SLOTS if io.process_read else 1
    io.scratch_bytes = channels * sizeof(float) * MAX_BUFFER
    io.scratch = <char*>ty_audio_alloc(2 * io.scratch_slots * io.scratch_bytes)
    if io.scratch is NULL:
        raise MemoryError
    io.scratch_busy = ~<UInt32>((1 << io.scratch_slots) - 1)
    return 0


cdef int _plan_ring(Device* device) except -1:
    cdef Stream* source
    cdef Stream* sink
    cdef int64_t distance
    cdef Ring* ring = &device.ring
    if not (device.input_count and device.output_count):
        return 0
    source, sink = &device.outputs[0], &device.inputs[0]
    if source.kind == sink.kind and source.channels == sink.channels and not (
        device.io.process_read or device.io.process_write
    ):
        device.io.native = True     # nothing looks at the samples: keep their bits
    device.io.read_offset = device.latency[0] + device.latency[1]
    ring.frame_bytes = source.frame_bytes if device.io.native else source.channels * sizeof(float)
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


cdef int _fill_device(Device* device, Driver driver, object spec, AudioObjectID first_id) except -1:
    cdef AudioObjectID next_id = first_id + 1
    device.id = first_id
    _fill_identity(device, spec)
    _fill_timing(device, spec)
    device.inputs = <Stream*>_array(len(spec.inputs), sizeof(Stream))
    device.outputs = <Stream*>_array(len(spec.outputs), sizeof(Stream))
    for stream in spec.inputs:
        device.input_count += 1
        _fill_stream(&device.inputs[device.input_count - 1], stream, next_id)
        next_id += 1
    for stream in spec.outputs:
        device.output_count += 1
        _fill_stream(&device.outputs[device.output_count - 1], stream, next_id)
        next_id += 1
    _plan_processing(device, driver)
    _plan_scratch(device)
    return _plan_ring(device)


cdef void _index_stream(Graph* graph, Device* device, Stream* stream) noexcept:
    graph.objects[stream.id] = Object(kAudioStreamClassID, kAudioObjectClassID, device.id, device, stream)


cdef void _index(Graph* graph) noexcept:
    cdef UInt32 i, j
    cdef Device* device
    graph.objects[kAudioObjectPlugInObject] = Object(
        kAudioPlugInClassID, kAudioObjectClassID, kAudioObjectUnknown, NULL, NULL
    )
    for i in range(graph.device_count):
        device = &graph.devices[i]
        graph.objects[device.id] = Object(
            kAudioDeviceClassID, kAudioObjectClassID, kAudioObjectPlugInObject, device, NULL
        )
        for j in range(device.input_count):
            _index_stream(graph, device, &device.inputs[j])
        for j in range(device.output_count):
            _index_stream(graph, device, &device.outputs[j])


cdef int _fill_graph(Graph* graph, Driver driver, object spec) except -1:
    graph.name = _string(driver.NAME)
    graph.maker = _string(driver.MANUFACTURER)
    graph.bundle_id = _string(driver.BUNDLE_ID or spec.uid)
    graph.resource_bundle = _string("")
    graph.devices = <Device*>_array(1, sizeof(Device))
    graph.device_count = 1
    _fill_device(&graph.devices[0], driver, spec, kAudioObjectPlugInObject + 1)
    graph.object_count = 1 + 1 + 1 + len(spec.streams)      # id 0, plug-in, device, streams
    graph.objects = <Object*>_array(graph.object_count, sizeof(Object))
    _index(graph)
    return 0


cdef Graph* build_graph(object driver, object spec) except NULL:
    """All memory and strings of the device that ``spec`` declares; raises MemoryError."""
    cdef Graph* graph = <Graph*>_array(1, sizeof(Graph))
    try:
        _fill_graph(graph, driver, spec)
    except BaseException:
        free_graph(graph)
        raise
    return graph


cdef void _free_streams(Stream* streams, UInt32 count) noexcept:
    cdef UInt32 i, j
    for i in range(count):
        _release(streams[i].name)
        if streams[i].channel_names is not NULL:
            for j in range(streams[i].channels):
                _release(streams[i].channel_names[j])
        free(streams[i].channel_names)
    free(streams)


cdef void _free_device(Device* device) noexcept:
    _release(device.uid)
    _release(device.name)
    _release(device.maker)
    _release(device.model_uid)
    _release(device.model_name)
    _free_streams(device.inputs, device.input_count)
    _free_streams(device.outputs, device.output_count)
    free(device.rates)
    free(device.ring.data)
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
    free(graph.devices)
    free(graph.objects)
    free(graph)
