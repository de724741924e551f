# cython: language_level=3
"""The 23-slot table that the host calls.

Here are the control entries (any non-realtime thread); _hal_properties.pxd has
those that read properties, _hal_io.pxd those of the IO threads. An entry checks
its pointers and ids, finds the device, and calls one typed function. Exceptions
end here as a status.
"""

from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from tympan._core cimport TY_MAX_CORES, Core, core_of, device_in, enter_call, ty_core_count, ty_cores
from tympan._directory cimport free_directory
from tympan._driver cimport Driver
from tympan._graphs cimport adopt_controls, build_graph, disown_controls, free_graph, give_lines
from tympan._hal_changes cimport change_device, halt, publish, redeclare, retire, start_line
from tympan._hal_clients cimport AddDeviceClient, CreateDevice, DestroyDevice, RemoveDeviceClient
from tympan._hal_driver cimport call, call_driver_method, call_for, status_of
from tympan._hal_extras cimport give_extras, reference_in, restored_declaration, write_custom
from tympan._hal_io cimport (
    BeginIOOperation, DoIOOperation, EndIOOperation, GetZeroTimeStamp, WillDoIOOperation,
)
from tympan._hal_properties cimport GetPropertyData, GetPropertyDataSize, HasProperty, IsPropertySettable
from tympan._host_calls cimport enqueue, forget_change
from tympan._objects cimport Device, Graph, Object, object_of
from tympan._properties cimport find_row, may_set
from tympan._properties_types cimport READ_ONLY, SET_CUSTOM, SET_IDENTIFYING, Row, Setter
from tympan._readers cimport ty_leave
from tympan._rt cimport (
    ty_count_down, ty_count_up, ty_load_acquire_u32, ty_load_u64, ty_mutex_destroy, ty_mutex_init, ty_mutex_lock,
    ty_mutex_unlock, ty_store_pointer, ty_store_release_u32, ty_store_release_u64,
)
from tympan._settings cimport set_level, set_number, set_value
from tympan.coreaudio cimport *


# ---- the driver object ----

cdef OSStatus _create_driver(Core* core, Graph** graph) noexcept with gil:
    """New driver object, its declaration, its graph (not published yet)."""
    cdef Driver driver
    cdef str where = "driver"
    cdef UInt32 i
    try:
        where = (<object>core.driver_class).__name__
        driver = (<object>core.driver_class)()
        driver._controls, driver._wanted, driver._sample_rates = {}, {}, {}
        core.directory.next_id = kAudioObjectPlugInObject + 1
        graph[0] = build_graph(driver, restored_declaration(core, driver, status_of), NULL, (), &core.directory)
        for i in range(graph[0].device_count):
            driver._sample_rates[graph[0].devices[i].io.device] = graph[0].devices[i].rate
            adopt_controls(driver, graph[0].devices[i], core, _write_control)
        give_extras(core, driver, graph[0], status_of)
        driver._core, driver._redeclare = core, _want_update
        Py_INCREF(driver)
        core.driver = <void*>driver
        return kAudioHardwareNoError
    except BaseException as error:
        return status_of(error, where)


# The driver sets a control itself. Any thread with the GIL.
cdef int _write_control(void* ref, uint32_t object_id, uint32_t bits, double place) noexcept:
    cdef Core* core = <Core*>ref
    cdef uint32_t* inside
    cdef const Graph* graph = enter_call(core, object_id, &inside)
    cdef const Object* item = object_of(graph if graph is not NULL else core.next_graph, object_id)
    cdef bint changed = False
    cdef int status = kAudioHardwareBadObjectError
    if item is not NULL and item.family in (kAudioLevelControlClassID, kAudioStereoPanControlClassID):
        status = set_level(core, item, <Float32>place, False, &changed)
    elif item is not NULL:
        status = set_number(core, item, bits, &changed)
    ty_leave(inside)
    return status


# The graph is not published any more: the driver has no Controls, and goes.
cdef void _drop_driver(Core* core, const Graph* graph) noexcept with gil:
    cdef UInt32 i
    if core.driver is not NULL:
        for i in range(graph.device_count):
            disown_controls(<object>core.driver, graph.devices[i])
        give_lines(graph, NULL)
        (<Driver>core.driver)._redeclare = NULL
        if (<Driver>core.driver)._extras is not None:
            (<Driver>core.driver)._extras.close()
        Py_DECREF(<object>core.driver)
        core.driver = NULL


# ---- what the driver declares anew ----

cdef struct Update:
    Core* core
    uint64_t generation


# On the core's queue: `update` may be called with any lock held.
cdef void _run_update(void* context) noexcept nogil:
    cdef Update job = (<Update*>context)[0]
    free(context)
    if core_of(job.core) is NULL:
        return
    ty_mutex_lock(&job.core.control)
    if job.core.graph is not NULL and job.core.generation == job.generation:
        ty_store_release_u32(&job.core.update_wanted, 0)
        redeclare(job.core, _write_control)
    ty_mutex_unlock(&job.core.control)


# `values` is held. Before Initialize has ended there is no queue: it comes back to this.
cdef void _enqueue_update(Core* core) noexcept nogil:
    cdef Update* job = <Update*>malloc(sizeof(Update)) if core.queue is not NULL else NULL
    if job is not NULL:
        job.core, job.generation = core, core.generation
        dispatch_async_f(core.queue, job, _run_update)


cdef void _want_update(void* ref) noexcept:
    cdef Core* core = <Core*>ref
    ty_mutex_lock(&core.values)
    if core.queue is NULL or not ty_load_acquire_u32(&core.update_wanted):
        ty_store_release_u32(&core.update_wanted, 1)
        _enqueue_update(core)
    ty_mutex_unlock(&core.values)


# ---- control entries: IUnknown ----

cdef HRESULT QueryInterface(void* ref, REFIID uuid, LPVOID* out) noexcept nogil:
    if out is NULL:
        return kAudioHardwareIllegalOperationError
    out[0] = NULL
    if core_of(ref) is NULL:
        return kAudioHardwareBadObjectError
    if not (
        tympan_uuid_equal(uuid, tympan_IUnknownUUID)
        or tympan_uuid_equal(uuid, tympan_kAudioServerPlugInDriverInterfaceUUID)
    ):
        return E_NOINTERFACE
    AddRef(ref)
    out[0] = ref
    return 0


# Lock-free, and the count stays between 0 and its limit: see ty_count_up.
cdef ULONG AddRef(void* ref) noexcept nogil:
    cdef Core* core = core_of(ref)
    return ty_count_up(&core.references) if core is not NULL else 0


cdef ULONG Release(void* ref) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef uint64_t generation
    cdef uint32_t count
    if core is NULL:
        return 0
    generation = ty_load_u64(&core.generation)      # while there is a reference it stays the same
    count = ty_count_down(&core.references)
    if count == 0:
        return 0                # released too often: not ours to crash on
    if count == 1:
        _tear_down(core, generation)
    return count - 1


# The last reference is gone: everything of Initialize is undone, so that the
# factory can start anew. The interpreter and the Core stay. When the host did that
# meanwhile, on another thread, there is nothing left of this generation to undo.
cdef void _tear_down(Core* core, uint64_t generation) noexcept nogil:
    cdef dispatch_queue_t queue
    cdef Graph* graph
    ty_mutex_lock(&core.control)
    if core.graph is not NULL and core.generation == generation:
        _stop_running(core)
        ty_mutex_lock(&core.values)
        queue, core.queue = core.queue, NULL
        ty_mutex_unlock(&core.values)
        graph = core.graph
        publish(core, NULL)
        _drop_driver(core, graph)
        retire(core, graph)
        dispatch_release(queue)
        core.host = NULL
    ty_mutex_unlock(&core.control)


cdef void _stop_running(Core* core) noexcept nogil:
    cdef Device* device
    cdef UInt32 i
    for i in range(core.graph.device_count):
        device = core.graph.devices[i]
        if device.running:
            ty_store_release_u32(&device.running, 0)
            halt(core, device)


# ---- control entries: life cycle ----

cdef OSStatus Initialize(AudioServerPlugInDriverRef ref, AudioServerPlugInHostRef host) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef OSStatus status = kAudioHardwareIllegalOperationError
    if core is NULL:
        return kAudioHardwareBadObjectError
    if host is NULL:
        return kAudioHardwareIllegalOperationError
    ty_mutex_lock(&core.control)
    if core.graph is NULL and not core.starting:        # once only
        core.starting, core.host = True, host
        status = _initialize(core)
        core.starting = False
    ty_mutex_unlock(&core.control)
    return status


cdef OSStatus _initialize(Core* core) noexcept nogil:
    cdef mach_timebase_info_data_t timebase
    cdef Graph* graph = NULL
    cdef OSStatus status
    mach_timebase_info(&timebase)
    core.ticks_num = <uint64_t>1000000000 * timebase.denom
    core.ticks_den = timebase.numer
    ty_store_release_u64(&core.generation, core.generation + 1)     # jobs read it without the mutex
    status = _create_driver(core, &graph)
    if status != kAudioHardwareNoError or graph is NULL:
        return status or kAudioHardwareUnspecifiedError
    _set_starting(core, graph)
    status = call_driver_method(core, b"initialize")
    _set_starting(core, NULL)
    if status != kAudioHardwareNoError:
        _drop_driver(core, graph)
        retire(core, graph)
        return status
    core.queue = dispatch_queue_create("tympan.host-calls", NULL)
    publish(core, graph)
    if core.read_property is not NULL:
        call_driver_method(core, b"_begin_storing")
    _update_if_wanted(core)
    return kAudioHardwareNoError


# While the driver initialises it can set its controls already.
cdef void _set_starting(Core* core, Graph* graph) noexcept nogil:
    ty_mutex_lock(&core.values)
    core.next_graph = graph
    ty_mutex_unlock(&core.values)


# The driver has asked for it in `initialize`.
cdef void _update_if_wanted(Core* core) noexcept nogil:
    ty_mutex_lock(&core.values)
    if ty_load_acquire_u32(&core.update_wanted):
        _enqueue_update(core)
    ty_mutex_unlock(&core.values)


# ---- control entries: IO state ----

cdef OSStatus StartIO(AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt32 client) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef OSStatus status
    if core is NULL:
        return kAudioHardwareBadObjectError
    ty_mutex_lock(&core.control)
    status = _start(core, device_in(core.graph, device_id))
    ty_mutex_unlock(&core.control)
    return status


cdef OSStatus _start(Core* core, Device* device) noexcept nogil:
    cdef OSStatus status = kAudioHardwareNoError
    if device is NULL:
        return kAudioHardwareBadObjectError
    if device.running == <UInt32>0xFFFFFFFF:
        return kAudioHardwareIllegalOperationError
    if device.running == 0:
        status = call_for(core, b"start", device)
        if status == kAudioHardwareNoError:
            start_line(core, device)
            enqueue(core, device.id, 0, kAudioDevicePropertyDeviceIsRunning)
    if status == kAudioHardwareNoError:
        ty_store_release_u32(&device.running, device.running + 1)
    return status


cdef OSStatus StopIO(AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt32 client) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef OSStatus status
    if core is NULL:
        return kAudioHardwareBadObjectError
    ty_mutex_lock(&core.control)
    status = _stop(core, device_in(core.graph, device_id))
    ty_mutex_unlock(&core.control)
    return status


# Always takes effect: a device that could not be stopped would be worse than
# one whose stop_io failed, and the host has no other way to try.
cdef OSStatus _stop(Core* core, Device* device) noexcept nogil:
    cdef OSStatus status = kAudioHardwareNoError
    if device is NULL:
        return kAudioHardwareBadObjectError
    if device.running == 0:
        return kAudioHardwareIllegalOperationError
    ty_store_release_u32(&device.running, device.running - 1)
    if device.running == 0:
        status = halt(core, device)
        enqueue(core, device.id, 0, kAudioDevicePropertyDeviceIsRunning)
    return status


# ---- control entries: configuration change ----

cdef OSStatus PerformDeviceConfigurationChange(
    AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt64 action, void* info
) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef Device* device
    cdef OSStatus status = kAudioHardwareIllegalOperationError
    if core is NULL:
        return kAudioHardwareBadObjectError
    ty_mutex_lock(&core.control)
    device = device_in(core.graph, device_id)
    if device is NULL:
        status = kAudioHardwareBadObjectError
    elif action != 0 and device.change_id == action:
        status = change_device(core, device, _write_control)
    ty_mutex_unlock(&core.control)
    return status


cdef OSStatus AbortDeviceConfigurationChange(
    AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt64 action, void* info
) noexcept nogil:
    cdef Core* core = core_of(ref)
    return forget_change(core, device_id, action) if core is not NULL else kAudioHardwareBadObjectError


# ---- control entries: properties ----

cdef OSStatus SetPropertyData(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid, const AudioObjectPropertyAddress* address,
    UInt32 qualifier_size, const void* qualifier, UInt32 size, const void* data
) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef uint32_t* inside
    cdef Graph* graph = enter_call(ref, object_id, &inside)
    cdef bint changed = False
    cdef OSStatus status = kAudioHardwareBadObjectError
    cdef Setter setter = READ_ONLY
    if graph is not NULL:
        status = _set(core, graph, object_of(graph, object_id), address, size, data, &changed, &setter)
    ty_leave(inside)
    if setter == SET_CUSTOM:
        return write_custom(core, object_id, address, reference_in(qualifier_size, qualifier), data)
    if changed and (core.hears or setter == SET_IDENTIFYING):
        ty_mutex_lock(&core.control)
        if core.driver is not NULL:
            _tell_driver(core, object_id)
        ty_mutex_unlock(&core.control)
    return status


cdef OSStatus _set(
    Core* core, const Graph* graph, const Object* item, const AudioObjectPropertyAddress* address, UInt32 size,
    const void* data, bint* changed, Setter* setter
) noexcept nogil:
    cdef const Row* row
    if address is NULL or data is NULL:
        return kAudioHardwareIllegalOperationError
    if item is NULL:
        return kAudioHardwareBadObjectError
    row = find_row(graph, item, address)
    if row is NULL:
        return kAudioHardwareUnknownPropertyError
    if not may_set(item, row):
        return kAudioHardwareUnsupportedOperationError
    if size != row.fixed_size:
        return kAudioHardwareBadPropertySizeError
    setter[0] = row.setter
    if row.setter == SET_CUSTOM:
        return kAudioHardwareNoError        # the caller's: Python, after it has let go of the graph
    return set_value(core, item, row.setter, data, changed)


# The driver hears of what the host has set: a control, or whether a device identifies itself. One that is gone
# meanwhile is not the driver's any more.
cdef void _tell_driver(Core* core, AudioObjectID object_id) noexcept with gil:
    cdef const Device* device = device_in(core.graph, object_id)
    if device is not NULL:
        call(core, "identify", (device.io.device, device.identifying != 0))
        return
    control = (<Driver>core.driver)._controls.get(object_id)
    if control is not None:
        call(core, "control_changed", (control,))
        control._save()


# ---- the table, and what entry.c and the simulated host call ----

cdef AudioServerPlugInDriverInterface _interface

_interface._reserved = NULL
_interface.QueryInterface = QueryInterface
_interface.AddRef = AddRef
_interface.Release = Release
_interface.Initialize = Initialize
_interface.CreateDevice = CreateDevice
_interface.DestroyDevice = DestroyDevice
_interface.AddDeviceClient = AddDeviceClient
_interface.RemoveDeviceClient = RemoveDeviceClient
_interface.PerformDeviceConfigurationChange = PerformDeviceConfigurationChange
_interface.AbortDeviceConfigurationChange = AbortDeviceConfigurationChange
_interface.HasProperty = HasProperty
_interface.IsPropertySettable = IsPropertySettable
_interface.GetPropertyDataSize = GetPropertyDataSize
_interface.GetPropertyData = GetPropertyData
_interface.SetPropertyData = SetPropertyData
_interface.StartIO = StartIO
_interface.StopIO = StopIO
_interface.GetZeroTimeStamp = GetZeroTimeStamp
_interface.WillDoIOOperation = WillDoIOOperation
_interface.BeginIOOperation = BeginIOOperation
_interface.DoIOOperation = DoIOOperation
_interface.EndIOOperation = EndIOOperation


cdef void _free_retired(Core* core) noexcept:
    cdef Graph* graph
    while core.retired is not NULL:
        graph, core.retired = core.retired, core.retired.next_retired
        free_graph(graph)
    free_directory(&core.directory)


cdef class PlugIn:
    """One plug-in, made by ``create``. Keep it alive as long as the host may call."""

    def __cinit__(self):
        ty_mutex_init(&self.core.control)
        ty_mutex_init(&self.core.values)
        self.core.interface = &_interface

    def __dealloc__(self):
        _unregister(&self.core)
        _free_retired(&self.core)
        ty_mutex_destroy(&self.core.values)
        ty_mutex_destroy(&self.core.control)

    @property
    def address(self):
        """The AudioServerPlugInDriverRef, as an int. Its reference count starts at 0."""
        return <size_t>&self.core


cdef void _unregister(Core* core) noexcept:
    cdef uint32_t i
    for i in range(ty_core_count):
        if ty_cores[i] == core:
            ty_store_pointer(&ty_cores[i], NULL)


cdef int _register(Core* core) except -1:
    cdef uint32_t i
    for i in range(ty_core_count):
        if ty_cores[i] is NULL:
            ty_store_pointer(&ty_cores[i], core)
            return 0
    if ty_core_count == TY_MAX_CORES:
        raise RuntimeError(f"more than {TY_MAX_CORES} plug-ins in one process")
    ty_store_pointer(&ty_cores[ty_core_count], core)
    ty_store_release_u32(&ty_core_count, ty_core_count + 1)
    return 0


def create(driver_class):
    """Answer a PlugIn for a subclass of ``tympan.Driver``; nothing of it is instantiated yet.

    entry.c calls this once per process, the simulated host once per attached class. [control]
    """
    if not (isinstance(driver_class, type) and issubclass(driver_class, Driver)):
        raise TypeError(f"{driver_class!r} is not a class derived from tympan.Driver")
    cdef PlugIn plug_in = PlugIn()
    plug_in.driver_class = driver_class
    plug_in.core.driver_class = <void*>driver_class
    plug_in.core.hears = driver_class.control_changed is not Driver.control_changed
    _register(&plug_in.core)
    return plug_in
