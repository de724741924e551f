# cython: language_level=3
"""The 23-slot table that the host calls: the only file that casts pointers to objects.

Here are the control entries (any non-realtime thread); _hal_properties.pxd has
those that read properties, _hal_io.pxd those of the IO threads. An entry checks
its pointers and ids, finds the device, and calls one typed function. Exceptions
end here as a status.
"""

from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport uint32_t, uint64_t

from tympan._clock cimport clock_start_at_rate, clock_stop
from tympan._core cimport TY_MAX_CORES, Core, core_of, device_in, graph_of, object_exists, ty_core_count, ty_cores
from tympan._driver cimport Control, Driver, ty_no_control
from tympan._gains cimport settle
from tympan._hal_clients cimport AddDeviceClient, CreateDevice, DestroyDevice, RemoveDeviceClient
from tympan._hal_extras cimport give_extras, reference_in, restored_declaration, write_custom
from tympan._hal_io cimport (
    BeginIOOperation, DoIOOperation, EndIOOperation, GetZeroTimeStamp, WillDoIOOperation,
)
from tympan._hal_properties cimport GetPropertyData, GetPropertyDataSize, HasProperty, IsPropertySettable
from tympan._host_calls cimport enqueue, forget_change
from tympan._objects cimport PERIOD, Device, Graph, Object, build_graph, free_graph
from tympan._properties cimport find_row, may_set
from tympan._properties_types cimport SET_CUSTOM, SET_IDENTIFYING, Row
from tympan._ring cimport ring_move
from tympan._rt cimport (
    ty_count_down, ty_count_up, ty_load_u64, ty_mutex_destroy, ty_mutex_init, ty_mutex_lock,
    ty_mutex_unlock, ty_store_f64, ty_store_pointer, ty_store_release_u32, ty_store_release_u64,
)
from tympan._settings cimport set_level, set_number, set_value
from tympan.coreaudio cimport *

from tympan._errors import HalError


# ---- driver calls: GIL, exceptions to a status ----

cdef void _log_exception(object error, str where):
    """One line for the log: what failed, where in the source, why. Never raises."""
    try:
        frames = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename}:{trace.tb_lineno} in {code.co_name}")
            trace = trace.tb_next
        place = " > ".join(frames)
        line = f"tympan: {where} raised {type(error).__name__}: {error} (traceback, outermost first: {place})"
        tympan_os_log(line.replace("\n", " ").replace("\0", " ").encode("utf-8", "replace"))
    except BaseException:
        tympan_os_log(b"tympan: a driver raised an exception that could not be described")


# Never 0 and never raises, whatever the exception looks like: 0 would mean success.
cdef OSStatus _status_of(object error, str where) noexcept:
    cdef OSStatus status = 0
    _log_exception(error, where)
    try:
        if isinstance(error, HalError):
            status = <OSStatus><UInt32>(int(error.status) & 0xFFFFFFFF)
    except BaseException:
        pass
    return status or kAudioHardwareUnspecifiedError


# Call one control method of the driver. The control mutex is held.
cdef OSStatus _call_driver(Core* core, const char* method) noexcept with gil:
    return _call(core, method.decode(), ())


# The same for a device: its own method if the driver has it, else that for all. Method: b"start" or b"stop".
cdef OSStatus _call_for(Core* core, const char* method, const Device* device) noexcept with gil:
    cdef str name = method.decode() + "_device"
    if getattr(<object>core.driver_class, name) is getattr(Driver, name):
        return _call(core, method.decode() + "_io", ())
    return _call(core, name, (device.io.device,))


cdef OSStatus _call(Core* core, str name, tuple arguments) noexcept:
    cdef str where = "driver"
    try:
        driver = <object>core.driver
        where = f"{type(driver).__name__}.{name}"
        getattr(driver, name)(*arguments)
        return kAudioHardwareNoError
    except BaseException as error:
        return _status_of(error, where)


cdef OSStatus _create_driver(Core* core, Graph** graph) noexcept with gil:
    """New driver object, its declaration, its graph (not published yet)."""
    cdef Driver driver
    cdef str where = "driver"
    try:
        where = (<object>core.driver_class).__name__
        driver = (<object>core.driver_class)()
        specs = restored_declaration(core, driver, _status_of)
        graph[0] = build_graph(driver, specs)
        driver._sample_rates = [spec.initial_rate for spec in specs]
        _give_controls(core, graph[0], driver, specs)
        give_extras(core, graph[0], driver, specs, _status_of)
        Py_INCREF(driver)
        core.driver = <void*>driver
        return kAudioHardwareNoError
    except BaseException as error:
        return _status_of(error, where)


# The driver's Control objects, which read and write the graph's for as long as that is there.
cdef int _give_controls(Core* core, Graph* graph, Driver driver, object specs) except -1:
    cdef Device* device
    cdef UInt32 i, j
    cdef Control control
    driver._controls = {}
    for i in range(graph.device_count):
        device = &graph.devices[i]
        for j in range(device.control_count):
            control = Control()
            control.state, control.core = &device.controls[j].state, core
            control.item = &graph.objects[device.controls[j].id]
            control.write, control.device, control.spec = _write_control, i, specs[i].controls[j]
            driver._controls[device.controls[j].id] = control
    return 0


# The driver sets a control itself. Any thread with the GIL.
cdef int _write_control(void* core, const void* item, uint32_t bits, double place) noexcept:
    cdef bint changed = False
    if (<const Object*>item).family in (kAudioLevelControlClassID, kAudioStereoPanControlClassID):
        return set_level(<Core*>core, <const Object*>item, <Float32>place, False, &changed)
    return set_number(<Core*>core, <const Object*>item, bits, &changed)


cdef void _drop_driver(Core* core, Graph* graph) noexcept with gil:
    cdef Control control
    ty_store_pointer(<void**>&core.graph, NULL)
    if core.driver is not NULL:
        for control in (<Driver>core.driver)._controls.values():
            control.state, control.write = &ty_no_control, NULL
        if (<Driver>core.driver)._extras is not None:
            (<Driver>core.driver)._extras.close()
    free_graph(graph)
    if core.driver is not NULL:
        Py_DECREF(<object>core.driver)
        core.driver = NULL


cdef void _set_driver_rate(Core* core, UInt32 device, Float64 rate) noexcept with gil:
    (<Driver>core.driver)._sample_rates[device] = rate


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
    ty_mutex_lock(&core.control)
    if core.graph is not NULL and core.generation == generation:
        _stop_running(core)
        ty_mutex_lock(&core.values)
        queue, core.queue = core.queue, NULL
        ty_mutex_unlock(&core.values)
        _drop_driver(core, core.graph)
        dispatch_release(queue)
        core.host = NULL
    ty_mutex_unlock(&core.control)


cdef void _stop_running(Core* core) noexcept nogil:
    cdef Device* device
    cdef UInt32 i
    for i in range(core.graph.device_count):
        device = &core.graph.devices[i]
        if device.running:
            ty_store_release_u32(&device.running, 0)
            clock_stop(&device.clock)
            _call_for(core, b"stop", device)


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
    status = _call_driver(core, b"initialize")
    if status != kAudioHardwareNoError:
        _drop_driver(core, graph)
        return status
    core.queue = dispatch_queue_create("tympan.host-calls", NULL)
    ty_store_pointer(<void**>&core.graph, graph)
    if core.read_property is not NULL:
        _call_driver(core, b"_begin_storing")
    return kAudioHardwareNoError


# ---- control entries: IO state ----

# A new time line, silent, from now on. IO is not running.
cdef void _start_line(Core* core, Device* device) noexcept nogil:
    cdef UInt32 i
    for i in range(device.ring_count):
        ring_move(&device.rings[i], 0, 0)
    settle(device, device.rate)
    clock_start_at_rate(
        &device.clock, mach_absolute_time(), device.rate, PERIOD, core.ticks_num, core.ticks_den
    )


cdef OSStatus StartIO(AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt32 client) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef Device* device = device_in(graph_of(ref), device_id)
    cdef OSStatus status = kAudioHardwareNoError
    if device is NULL:
        return kAudioHardwareBadObjectError
    ty_mutex_lock(&core.control)
    if device.running == <UInt32>0xFFFFFFFF:
        status = kAudioHardwareIllegalOperationError
    elif device.running == 0:
        status = _call_for(core, b"start", device)
        if status == kAudioHardwareNoError:
            _start_line(core, device)
            enqueue(core, device_id, 0, kAudioDevicePropertyDeviceIsRunning)
    if status == kAudioHardwareNoError:
        ty_store_release_u32(&device.running, device.running + 1)
    ty_mutex_unlock(&core.control)
    return status


# Always takes effect: a device that could not be stopped would be worse than
# one whose stop_io failed, and the host has no other way to try.
cdef OSStatus StopIO(AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt32 client) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef Device* device = device_in(graph_of(ref), device_id)
    cdef OSStatus status = kAudioHardwareNoError
    if device is NULL:
        return kAudioHardwareBadObjectError
    ty_mutex_lock(&core.control)
    if device.running == 0:
        status = kAudioHardwareIllegalOperationError
    else:
        ty_store_release_u32(&device.running, device.running - 1)
        if device.running == 0:
            clock_stop(&device.clock)
            status = _call_for(core, b"stop", device)
            enqueue(core, device_id, 0, kAudioDevicePropertyDeviceIsRunning)
    ty_mutex_unlock(&core.control)
    return status


# ---- control entries: configuration change ----

cdef OSStatus PerformDeviceConfigurationChange(
    AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt64 action, void* info
) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef Device* device = device_in(graph_of(ref), device_id)
    cdef OSStatus status = kAudioHardwareIllegalOperationError
    if device is NULL:
        return kAudioHardwareBadObjectError
    ty_mutex_lock(&core.control)
    if action != 0 and device.change_id == action:
        device.change_id = 0
        status = _change_rate(core, device, device.wanted_rate)
    ty_mutex_unlock(&core.control)
    return status


# The host has suspended IO. Some hosts leave our count running: then the driver
# is restarted here, so that it meets the new rate in start_io as always.
cdef OSStatus _change_rate(Core* core, Device* device, Float64 rate) noexcept nogil:
    cdef OSStatus status
    cdef Float64 before = device.rate
    if device.running:
        clock_stop(&device.clock)
        _call_for(core, b"stop", device)
    status = _start_at(core, device, rate)
    # Rolled back: what ran goes on at the old rate, if the driver still can.
    if status != kAudioHardwareNoError and _start_at(core, device, before) != kAudioHardwareNoError:
        ty_store_release_u32(&device.running, 0)
        enqueue(core, device.id, 0, kAudioDevicePropertyDeviceIsRunning)
    return status


cdef OSStatus _start_at(Core* core, Device* device, Float64 rate) noexcept nogil:
    cdef OSStatus status = kAudioHardwareNoError
    ty_store_f64(&device.rate, rate)
    _set_driver_rate(core, device.io.device, rate)
    if device.running:
        status = _call_for(core, b"start", device)
        if status == kAudioHardwareNoError:
            _start_line(core, device)
    return status


cdef OSStatus AbortDeviceConfigurationChange(
    AudioServerPlugInDriverRef ref, AudioObjectID device_id, UInt64 action, void* info
) noexcept nogil:
    cdef Core* core = core_of(ref)
    if device_in(graph_of(ref), device_id) is NULL:
        return kAudioHardwareBadObjectError
    forget_change(core, device_id, action)
    return kAudioHardwareNoError


# ---- control entries: properties ----

cdef OSStatus SetPropertyData(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid, const AudioObjectPropertyAddress* address,
    UInt32 qualifier_size, const void* qualifier, UInt32 size, const void* data
) noexcept nogil:
    cdef Core* core = core_of(ref)
    cdef Graph* graph = graph_of(ref)
    cdef const Row* row
    cdef bint changed = False
    cdef OSStatus status
    if graph is NULL:
        return kAudioHardwareBadObjectError
    if address is NULL or data is NULL:
        return kAudioHardwareIllegalOperationError
    if not object_exists(graph, object_id):
        return kAudioHardwareBadObjectError
    row = find_row(graph, object_id, address)
    if row is NULL:
        return kAudioHardwareUnknownPropertyError
    if not may_set(&graph.objects[object_id], row):
        return kAudioHardwareUnsupportedOperationError
    if size != row.fixed_size:
        return kAudioHardwareBadPropertySizeError
    if row.setter == SET_CUSTOM:
        return write_custom(core, graph, object_id, address, reference_in(qualifier_size, qualifier), data)
    status = set_value(core, &graph.objects[object_id], row.setter, data, &changed)
    if changed and (core.hears or row.setter == SET_IDENTIFYING):
        ty_mutex_lock(&core.control)
        if core.graph == graph:                 # not another one, after the last Release meanwhile
            _tell_driver(core, &graph.objects[object_id])
        ty_mutex_unlock(&core.control)
    return status


# The driver hears of what the host has set: a control, or whether a device identifies itself.
cdef void _tell_driver(Core* core, const Object* item) noexcept with gil:
    if item.control is NULL:
        _call(core, "identify", (item.device.io.device, item.device.identifying != 0))
        return
    control = (<Driver>core.driver)._controls[item.control.id]
    _call(core, "control_changed", (control,))
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


cdef class PlugIn:
    """One plug-in, made by ``create``. Keep it alive as long as the host may call."""

    def __cinit__(self):
        ty_mutex_init(&self.core.control)
        ty_mutex_init(&self.core.values)
        self.core.interface = &_interface

    def __dealloc__(self):
        _unregister(&self.core)
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
