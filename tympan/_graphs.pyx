# cython: language_level=3
"""Builds a graph from DeviceSpecs: whole, or from the graph before. Control thread, GIL held.

Devices that stay as they are belong to both graphs; the last one that is freed frees them.
"""

from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdlib cimport calloc, free, realloc

from tympan._directory cimport Directory, give_line, reserve
from tympan._driver cimport Control as Handle, Driver
from tympan._objects cimport (
    Control, Device, Graph, Object, Stream, build_device, channel_name, fill_customs, free_device, resource_of,
    stream_name, string_of,
)
from tympan._rt cimport ty_store_pointer, ty_store_release_u32
from tympan.coreaudio cimport (
    AudioClassID, CFRelease, CFStringRef, kAudioControlClassID, kAudioDeviceClassID, kAudioDevicePropertyIsHidden,
    kAudioObjectClassID, kAudioObjectPlugInObject, kAudioObjectPropertyElementName,
    kAudioObjectPropertyName, kAudioObjectPropertyScopeGlobal, kAudioObjectPropertyScopeInput,
    kAudioObjectPropertyScopeOutput, kAudioObjectUnknown, kAudioPlugInClassID, kAudioStreamClassID,
)

from tympan._spec import related_groups


# ---- objects by their ids ----

cdef void _index(Graph* graph, const Object* item) noexcept:
    cdef UInt32 place = item.id & graph.mask
    while graph.objects[place].id:
        place = (place + 1) & graph.mask
    graph.objects[place] = item[0]


cdef void _index_stream(Graph* graph, Device* device, Stream* stream) noexcept:
    cdef Object item = Object(
        stream.id, kAudioStreamClassID, kAudioObjectClassID, device.id, kAudioStreamClassID, device, stream, NULL
    )
    _index(graph, &item)


cdef void _index_control(Graph* graph, Device* device, Control* control) noexcept:
    cdef AudioClassID base = control.family if control.class_id != control.family else kAudioControlClassID
    cdef Object item = Object(control.id, control.class_id, base, device.id, control.family, device, NULL, control)
    _index(graph, &item)


cdef void _index_device(Graph* graph, Device* device) noexcept:
    cdef UInt32 i
    cdef Object item = Object(
        device.id, kAudioDeviceClassID, kAudioObjectClassID, kAudioObjectPlugInObject, kAudioDeviceClassID, device,
        NULL, NULL
    )
    _index(graph, &item)
    for i in range(device.input_count):
        _index_stream(graph, device, &device.inputs[i])
    for i in range(device.output_count):
        _index_stream(graph, device, &device.outputs[i])
    for i in range(device.control_count):
        _index_control(graph, device, &device.controls[i])


cdef int _index_all(Graph* graph) except -1:
    cdef UInt32 i, count = 1
    cdef Device* device
    cdef Object plug_in = Object(
        kAudioObjectPlugInObject, kAudioPlugInClassID, kAudioObjectClassID, kAudioObjectUnknown, kAudioPlugInClassID,
        NULL, NULL, NULL
    )
    for i in range(graph.device_count):
        device = graph.devices[i]
        count += 1 + device.input_count + device.output_count + device.control_count
    graph.mask = 1
    while graph.mask < 2 * count:
        graph.mask *= 2
    graph.objects = <Object*>_array(graph.mask, sizeof(Object))
    graph.mask -= 1
    _index(graph, &plug_in)
    for i in range(graph.device_count):
        _index_device(graph, graph.devices[i])
    return 0


# ---- graphs ----

cdef void* _array(size_t count, size_t size) except NULL:
    cdef void* memory = calloc(max(count, <size_t>1), size)
    if memory is NULL:
        raise MemoryError
    return memory


cdef Device* device_of(const Graph* graph, object uid) noexcept:
    """The device with that UID, or NULL."""
    cdef UInt32 i
    for i in range(graph.device_count if graph is not NULL else 0):
        if (<object>graph.devices[i].spec).uid == uid:
            return graph.devices[i]
    return NULL


# The lowest index that no device has, be it one that is about to go: its process_io may still be running.
cdef UInt32 _free_index(const Graph* graph, const Graph* before):
    taken = {graph.devices[i].io.device for i in range(graph.device_count)}
    taken.update({before.devices[i].io.device for i in range(before.device_count if before is not NULL else 0)})
    index = 0
    while index in taken:
        index += 1
    return index


cdef int _add_device(
    Graph* graph, object driver, object spec, const Graph* before, object anew, Directory* directory
) except -1:
    cdef Device* device = device_of(before, spec.uid)
    if device is NULL:
        device = build_device(driver, spec, _free_index(graph, before), directory, NULL)
    elif spec.uid in anew:
        device = build_device(driver, spec, device.io.device, directory, device)
    graph.devices[graph.device_count] = device
    graph.device_count += 1
    device.holders += 1
    if device.holders == 1:
        device.icon = resource_of(graph.bundle_id, spec.icon)
    return 0


cdef int _fill_graph(
    Graph* graph, Driver driver, object specs, const Graph* before, object anew, Directory* directory
) except -1:
    graph.name = string_of(driver.NAME)
    graph.maker = string_of(driver.MANUFACTURER)
    graph.bundle_id = string_of(driver.BUNDLE_ID or specs[0].uid)
    graph.resource_bundle = string_of(driver.RESOURCE_BUNDLE)
    graph.devices = <Device**>_array(len(specs), sizeof(Device*))
    graph.groups = <UInt32*>_array(len(specs), sizeof(UInt32))
    fill_customs(&graph.customs, driver.PROPERTIES)
    groups = related_groups(specs)
    for spec in specs:
        graph.groups[graph.device_count] = groups[spec.uid]
        _add_device(graph, driver, spec, before, anew, directory)
    if not reserve(directory, graph.device_count):
        raise MemoryError
    return _index_all(graph)


cdef void give_lines(const Graph* graph, const Graph* but) noexcept:
    """The lines of the devices that are not in ``but`` are free for others."""
    cdef UInt32 i
    for i in range(graph.device_count):
        if device_of(but, (<object>graph.devices[i].spec).uid) is NULL:
            give_line(graph.devices[i].line)


cdef Graph* build_graph(
    object driver, object specs, const Graph* before, object anew, Directory* directory
) except NULL:
    """The devices that ``specs`` declare, those of ``before`` taken over but for the UIDs ``anew``; raises
    MemoryError, and nothing has happened then."""
    cdef Graph* graph = <Graph*>_array(1, sizeof(Graph))
    try:
        _fill_graph(graph, driver, specs, before, anew, directory)
    except BaseException:
        give_lines(graph, before)
        free_graph(graph)
        raise
    return graph


cdef void _release(CFStringRef string) noexcept:
    if string is not NULL:
        CFRelease(<const void*>string)


cdef void free_graph(Graph* graph) noexcept:
    """Everything that build_graph made, also when it stopped half way, and the devices that no other graph has."""
    cdef UInt32 i
    if graph is NULL:
        return
    for i in range(graph.device_count):
        graph.devices[i].holders -= 1
        if graph.devices[i].holders == 0:
            free_device(graph.devices[i])
    for i in range(graph.old_count):
        _release(graph.old[i])
    free(graph.old)
    _release(graph.name)
    _release(graph.maker)
    _release(graph.bundle_id)
    _release(graph.resource_bundle)
    free(graph.devices)
    free(graph.groups)
    free(graph.customs.items)
    free(graph.objects)
    free(graph)


# ---- the driver's Control objects ----

cdef int adopt_controls(object driver, Device* device, void* core, WriteControl write) except -1:
    """The device is published: its Controls can be set, and the driver finds them."""
    cdef Handle handle
    cdef UInt32 i
    specs = (<object>device.spec).controls
    for i in range(device.control_count):
        handle = <Handle>device.controls[i].handle
        handle.core, handle.write, handle.device, handle.spec = core, write, device.io.device, specs[i]
        (<Driver>driver)._controls[handle.id] = handle
    return 0


cdef void disown_controls(object driver, const Device* device) noexcept:
    """The device is gone, or another build of it follows: its Controls keep their values, and cannot be set."""
    cdef Handle handle
    cdef UInt32 i
    for i in range(device.control_count):
        handle = <Handle>device.controls[i].handle
        handle.core, handle.write = NULL, NULL
        (<Driver>driver)._controls.pop(handle.id, None)


# ---- what changes in place: texts, and whether people see the device ----

# What a control is at first says nothing about one that is there already.
cdef object _settled(object spec):
    return spec._with(controls=tuple([control._with(value=None) for control in spec.controls]))


cdef bint differs_in_nothing(object was, object spec):
    return _settled(was) == _settled(spec)


cdef object _nameless(object spec):
    return _settled(spec)._with(
        name=None, hidden=False,
        inputs=tuple([stream._with(name=None, channel_names=()) for stream in spec.inputs]),
        outputs=tuple([stream._with(name=None, channel_names=()) for stream in spec.outputs]),
    )


cdef bint differs_in_names(object was, object spec):
    """Whether names and visibility are all that is different."""
    return _nameless(was) == _nameless(spec)


# ---- formats: the declaration says what there is, clients what is chosen ----

cdef object _chosen(object stream, object was):
    return stream.with_format(was.format) if was.format in stream.formats and was.format != stream.format else stream


cdef object with_chosen_formats(object spec, object was):
    """The declaration with the formats that the device's streams have now, as far as they still offer them."""
    inputs = [_chosen(spec.inputs[i], was.inputs[i]) for i in range(min(len(spec.inputs), len(was.inputs)))]
    outputs = [_chosen(spec.outputs[i], was.outputs[i]) for i in range(min(len(spec.outputs), len(was.outputs)))]
    return spec._with(
        inputs=(*inputs, *spec.inputs[len(inputs):]), outputs=(*outputs, *spec.outputs[len(outputs):])
    )


cdef object _wanted(const Stream* streams, UInt32 count, object specs):
    cdef UInt32 i
    found = list(specs)
    for i in range(min(count, <UInt32>len(found))):
        if streams[i].wanted_format and streams[i].wanted_format <= len(found[i].formats):
            found[i] = found[i].with_format(found[i].formats[streams[i].wanted_format - 1])
    return tuple(found)


cdef object with_wanted_formats(const Device* device, object spec):
    """The spec with the formats that clients have asked for; the same object when there are none."""
    inputs = _wanted(device.inputs, device.input_count, spec.inputs)
    outputs = _wanted(device.outputs, device.output_count, spec.outputs)
    return spec if inputs == spec.inputs and outputs == spec.outputs else spec._with(inputs=inputs, outputs=outputs)


cdef list relations(object was, object specs):
    """The UIDs of devices that are in both declarations, and related to others than before."""
    before, after = related_groups(was), related_groups(specs)
    return [
        uid for uid in after
        if uid in before and {other for other in before if before[other] == before[uid]}
        != {other for other in after if after[other] == after[uid]}
    ]


# Another string there; the old one goes with the graph, because somebody may be reading it.
cdef int _replace(Graph* graph, CFStringRef* place, object text) except -1:
    cdef CFStringRef fresh = string_of(text)
    cdef void* longer = realloc(graph.old, (graph.old_count + 1) * sizeof(CFStringRef))
    if longer is NULL:
        _release(fresh)
        raise MemoryError
    graph.old = <CFStringRef*>longer
    graph.old[graph.old_count] = place[0]
    graph.old_count += 1
    ty_store_pointer(<void**>place, <void*>fresh)
    return 0


cdef int _rename_stream(
    Graph* graph, Stream* stream, UInt32 first, AudioObjectID device, object was, object spec, list told
) except -1:
    cdef UInt32 i, scope = kAudioObjectPropertyScopeInput if stream.is_input else kAudioObjectPropertyScopeOutput
    if was.name != spec.name:
        _replace(graph, &stream.name, stream_name(stream, spec))
        told.append((stream.id, kAudioObjectPropertyName, kAudioObjectPropertyScopeGlobal, 0))
    for i in range(stream.channels):
        if channel_name(was, i) != channel_name(spec, i):
            _replace(graph, &stream.channel_names[i], channel_name(spec, i))
            told.append((device, kAudioObjectPropertyElementName, scope, first + i))
            told.append((stream.id, kAudioObjectPropertyElementName, kAudioObjectPropertyScopeGlobal, 1 + i))
    return 0


cdef list rename(Graph* graph, Device* device, object spec):
    """What of ``spec`` differs in texts and visibility alone, done; answers the (object id, selector, scope, element)
    that have changed. ``graph`` is about to be replaced: the old strings are freed with it."""
    cdef UInt32 i, first = 1
    cdef list told = []
    was = <object>device.spec
    if was.name != spec.name:
        _replace(graph, &device.name, spec.name)
        told.append((device.id, kAudioObjectPropertyName, kAudioObjectPropertyScopeGlobal, 0))
    if was.hidden != spec.hidden:
        ty_store_release_u32(&device.hidden, spec.hidden)
        told.append((device.id, kAudioDevicePropertyIsHidden, kAudioObjectPropertyScopeGlobal, 0))
    for i in range(device.input_count):
        _rename_stream(graph, &device.inputs[i], first, device.id, was.inputs[i], spec.inputs[i], told)
        first += device.inputs[i].channels
    first = 1
    for i in range(device.output_count):
        _rename_stream(graph, &device.outputs[i], first, device.id, was.outputs[i], spec.outputs[i], told)
        first += device.outputs[i].channels
    Py_INCREF(spec)
    device.spec = <void*>spec
    Py_DECREF(was)
    return told
