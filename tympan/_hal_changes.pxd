# What changes the graph: a configuration change, and what the driver declares anew. Control threads, with the core's
# `control`. Header only: part of _hal.

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from tympan._clock cimport clock_start_at_rate, clock_stop
from tympan._core cimport Core, core_of, device_in
from tympan._directory cimport Table, begin_table, end_table, enter_line, give_line
from tympan._driver cimport Driver
from tympan._formats cimport offers_rate
from tympan._gains cimport aim, settle
from tympan._graphs cimport (
    WriteControl, adopt_controls, build_graph, device_of, differs_in_names, differs_in_nothing, disown_controls,
    free_graph, relations, rename, with_chosen_formats, with_wanted_formats,
)
from tympan._hal_driver cimport call_for, status_of
from tympan._hal_extras cimport give_extras
from tympan._host_calls cimport drop_change, enqueue
from tympan._objects cimport PERIOD, Device, Graph
from tympan._readers cimport ty_nobody_left, ty_wait_for_readers
from tympan._ring cimport ring_move
from tympan._rt cimport (
    ty_load_u64, ty_mutex_lock, ty_mutex_unlock, ty_store_f64, ty_store_ordered_pointer, ty_store_release_u32,
)
from tympan._settings cimport want_change
from tympan.coreaudio cimport *

cdef enum:
    PATIENCE = 20000            # naps of 50 microseconds: a second, for an IO call that is under way


# ---- graphs come and go ----

# Who enters from now on finds this graph, or none.
cdef inline void publish(Core* core, Graph* graph) noexcept nogil:
    cdef UInt32 i
    cdef Device* device
    cdef Table* table = begin_table(&core.directory)
    ty_mutex_lock(&core.values)
    for i in range(graph.device_count if graph is not NULL else 0):
        device = graph.devices[i]
        aim(device)                             # nobody can set a control meanwhile
        enter_line(table, device.id, device.line, (device.input_count > 0) | (device.output_count > 0) << 1)
    end_table(&core.directory)
    ty_store_ordered_pointer(<void**>&core.graph, graph)
    ty_mutex_unlock(&core.values)


cdef inline void discard(Graph* graph) noexcept with gil:
    free_graph(graph)


# Free what nobody can be reading any more. Never waits: what is left is tried again at the next change.
cdef inline void reclaim(Core* core) noexcept nogil:
    cdef Graph** place = &core.retired
    cdef Graph* graph
    while place[0] is not NULL:
        graph = place[0]
        if ty_nobody_left(&core.io, &graph.seen_io) and ty_nobody_left(&core.calls, &graph.seen_calls):
            place[0] = graph.next_retired
            discard(graph)
        else:
            place = &graph.next_retired


# It is not published any more.
cdef inline void retire(Core* core, Graph* graph) noexcept nogil:
    graph.seen_io = graph.seen_calls = 0
    graph.next_retired, core.retired = core.retired, graph
    reclaim(core)


# ---- a device starts and stops ----

# A new time line, silent, from now on. IO is not running.
cdef inline void start_line(Core* core, Device* device) noexcept nogil:
    cdef UInt32 i
    for i in range(device.ring_count):
        ring_move(&device.rings[i], 0, 0)
    settle(device, device.rate)
    clock_start_at_rate(
        &device.line.clock, mach_absolute_time(), device.rate, PERIOD, core.ticks_num, core.ticks_den
    )


# No IO any more: who asks gets 'stop', and who is inside has left before the driver hears of it.
cdef inline OSStatus halt(Core* core, Device* device) noexcept nogil:
    clock_stop(&device.line.clock)
    ty_wait_for_readers(&core.io, PATIENCE)
    return call_for(core, b"stop", device)


cdef inline void set_driver_rate(Core* core, const Device* device, Float64 rate) noexcept with gil:
    (<Driver>core.driver)._sample_rates[device.io.device] = rate


# ---- configuration change ----

# With the GIL, the specs of the graph as it is, but for one device.
cdef inline list specs_with(const Graph* graph, object changed):
    cdef UInt32 i
    specs = [<object>graph.devices[i].spec for i in range(graph.device_count)]
    return [changed if spec.uid == changed.uid else spec for spec in specs]


# The graph with the device as it is wanted, if something of its declaration has changed.
cdef inline OSStatus build_wanted(Core* core, const Device* device, Graph** after) noexcept with gil:
    cdef Driver driver = <Driver>core.driver
    try:
        spec = <object>device.spec
        wanted = driver._wanted.pop(spec.uid, None)
        spec = with_wanted_formats(device, wanted if device.wants_spec else spec)
        if spec is not <object>device.spec:
            driver.check_io(spec)
            after[0] = build_graph(driver, specs_with(core.graph, spec), core.graph, {spec.uid}, &core.directory)
        return kAudioHardwareNoError
    except BaseException as error:
        return status_of(error, "a configuration change")


# Another build of the device takes the place of this one, or the other way round.
cdef inline void swap(
    Core* core, Graph* graph, const Device* before, Device* after, WriteControl write
) noexcept with gil:
    disown_controls(<object>core.driver, before)
    try:
        adopt_controls(<object>core.driver, after, core, write)
        give_extras(core, <Driver>core.driver, graph, status_of)
    except BaseException as error:
        status_of(error, "a configuration change")
    publish(core, graph)


cdef inline OSStatus start_at(Core* core, Device* device, Float64 rate) noexcept nogil:
    cdef OSStatus status = kAudioHardwareNoError
    ty_store_f64(&device.rate, rate)
    set_driver_rate(core, device, rate)
    if device.running:
        status = call_for(core, b"start", device)
        if status == kAudioHardwareNoError:
            start_line(core, device)
    return status


# What ran goes on as it was, if the driver still can.
cdef inline void roll_back(Core* core, Device* device, Float64 rate) noexcept nogil:
    if start_at(core, device, rate) != kAudioHardwareNoError:
        ty_store_release_u32(&device.running, 0)
        enqueue(core, device.id, 0, kAudioDevicePropertyDeviceIsRunning)


# The host has suspended IO. Some hosts leave our count running: then the driver
# is restarted here, so that it meets what is new in start_io as always.
cdef inline OSStatus change_device(Core* core, Device* device, WriteControl write) noexcept nogil:
    cdef Graph* before = core.graph
    cdef Graph* after = NULL
    cdef Device* changed = device
    cdef Float64 rate = device.wanted_rate, was = device.rate
    cdef OSStatus status
    if device.running:
        halt(core, device)
    status = build_wanted(core, device, &after)
    drop_change(device)
    if after is not NULL:
        changed = device_in(after, device.id)
        rate = rate if offers_rate(changed, rate) else changed.rate
        swap(core, after, device, changed, write)
    if status == kAudioHardwareNoError:
        status = start_at(core, changed, rate)
    if status != kAudioHardwareNoError:
        if after is not NULL:
            swap(core, before, changed, device, write)
        roll_back(core, device, was)
    if after is not NULL:
        retire(core, before if status == kAudioHardwareNoError else after)
    return status


# ---- what the driver declares anew ----

# What there is to tell, with the GIL: one notification for each.
cdef inline int tell_all(Core* core, list told) except -1:
    for object_id, selector, scope, element in told:
        enqueue(core, object_id, 0, selector, 0, scope, element)
    return 0


# One device of the new declaration: changed at once, or in a configuration change. Answers its spec for now.
cdef inline object compare(Core* core, Driver driver, Device* device, object spec, list told):
    was = <object>device.spec
    spec = with_chosen_formats(spec, was)
    device.wants_spec = False
    if differs_in_nothing(was, spec):
        return was
    if differs_in_names(was, spec):
        told.extend(rename(core.graph, device, spec))
        return spec
    driver._wanted[spec.uid] = spec
    device.wants_spec = True
    if not device.change_id:
        device.wanted_rate = device.rate
    if want_change(core, device) != kAudioHardwareNoError:
        raise MemoryError
    return was


cdef inline OSStatus compare_all(Core* core, Graph** after, WriteControl write) noexcept with gil:
    cdef Driver driver = <Driver>core.driver
    cdef list specs = [], told = []
    cdef Device* device
    cdef UInt32 i
    try:
        for spec in driver.declaration():
            device = device_of(core.graph, spec.uid)
            specs.append(spec if device is NULL else compare(core, driver, device, spec, told))
        uids = [(<object>core.graph.devices[i].spec).uid for i in range(core.graph.device_count)]
        if told or uids != [spec.uid for spec in specs]:
            after[0] = build_graph(driver, specs, core.graph, (), &core.directory)
            introduce(core, driver, after[0], write)
            give_extras(core, driver, after[0], status_of)
            was = [<object>core.graph.devices[i].spec for i in range(core.graph.device_count)]
            for uid in relations(was, specs):
                device = device_of(core.graph, uid)
                told.append((device.id, kAudioDevicePropertyRelatedDevices, kAudioObjectPropertyScopeGlobal, 0))
        tell_all(core, told)
        return kAudioHardwareNoError
    except BaseException as error:
        return status_of(error, f"{type(driver).__name__}.update")


# With the GIL: the driver's side of the devices that are new in a graph.
cdef inline int introduce(Core* core, Driver driver, Graph* graph, WriteControl write) except -1:
    cdef UInt32 i
    for i in range(graph.device_count):
        if graph.devices[i].holders == 1:
            driver._sample_rates[graph.devices[i].io.device] = graph.devices[i].rate
            adopt_controls(driver, graph.devices[i], core, write)
    return 0


# A device that is in no published graph any more.
cdef inline void dismiss(Core* core, Device* device) noexcept nogil:
    if device.running:
        ty_store_release_u32(&device.running, 0)
        halt(core, device)
    forget_device(core, device)
    give_line(device.line)


cdef inline void forget_device(Core* core, const Device* device) noexcept with gil:
    cdef Driver driver = <Driver>core.driver
    disown_controls(driver, device)
    driver._wanted.pop((<object>device.spec).uid, None)
    driver._sample_rates.pop(device.io.device, None)


# Which devices there are has changed, or their order.
cdef inline bint same_devices(const Graph* before, const Graph* after) noexcept nogil:
    cdef UInt32 i
    if before.device_count != after.device_count:
        return False
    for i in range(before.device_count):
        if before.devices[i] is not after.devices[i]:
            return False
    return True


cdef inline void redeclare(Core* core, WriteControl write) noexcept nogil:
    cdef Graph* before = core.graph
    cdef Graph* after = NULL
    cdef UInt32 i
    compare_all(core, &after, write)
    if after is not NULL:
        publish(core, after)
        for i in range(before.device_count):
            if before.devices[i].holders == 1:
                dismiss(core, before.devices[i])
        if not same_devices(before, after):
            enqueue(core, kAudioObjectPlugInObject, 0, kAudioPlugInPropertyDeviceList, kAudioObjectPropertyOwnedObjects)
        retire(core, before)
    reclaim(core)
