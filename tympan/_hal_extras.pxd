# What the core does with properties of a driver's own and with its storage: it
# calls tympan._extras, which most bundles do not have. Header only: part of _hal.

from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from tympan._core cimport Core, core_of
from tympan._driver cimport Driver
from tympan._extras_types cimport CoreCalls, ReadProperty, StatusOf, WriteProperty
from tympan._getters_custom cimport custom_named
from tympan._host_calls cimport enqueue
from tympan._objects cimport Custom, Graph, Object, object_of
from tympan._properties_types cimport Query
from tympan._rt cimport ty_load_pointer, ty_load_u64, ty_mutex_lock, ty_mutex_unlock
from tympan.coreaudio cimport *


# PropertiesChanged, if the driver is still the one that tells. Any thread.
cdef inline void tell_changed(const CoreCalls* calls, UInt32 object_id, UInt32 selector) noexcept nogil:
    cdef Core* core = core_of(calls.core)
    if core is not NULL and ty_load_u64(&core.generation) == calls.generation:
        ty_mutex_lock(&core.values)
        if core.queue is not NULL:
            enqueue(core, object_id, 0, selector)
        ty_mutex_unlock(&core.values)


# ---- storage: never with a lock or the GIL ----

cdef struct StorageJob:
    Core* core
    AudioServerPlugInHostRef host   # the host's for as long as it has the plug-in
    uint64_t generation
    CFStringRef key
    CFTypeRef value             # NULL: remove the key


cdef inline void run_storage_job(void* context) noexcept nogil:
    cdef StorageJob* job = <StorageJob*>context
    cdef Core* core = core_of(job.core)
    cdef OSStatus status = kAudioHardwareNoError
    # Late ones, after the last Release, have no host any more.
    if core is not NULL and ty_load_pointer(<void**>&core.graph) is not NULL and (
        ty_load_u64(&core.generation) == job.generation
    ):
        if job.value is not NULL:
            status = job.host[0].WriteToStorage(job.host, job.key, <CFPropertyListRef>job.value)
        else:
            job.host[0].DeleteFromStorage(job.host, job.key)      # of what is not there: no matter
    if status != kAudioHardwareNoError:
        tympan_os_log(b"tympan: the host has not stored a setting")
    drop_storage_job(job)


cdef inline void drop_storage_job(StorageJob* job) noexcept nogil:
    CFRelease(<CFTypeRef>job.key)
    if job.value is not NULL:
        CFRelease(job.value)
    free(job)


# Any thread. What the driver sets after the last Release is not stored.
cdef inline void store_value(const CoreCalls* calls, const void* key, const void* value) noexcept nogil:
    cdef Core* core = core_of(calls.core)
    cdef StorageJob* job = <StorageJob*>malloc(sizeof(StorageJob))
    cdef bint sent = False
    if job is NULL:
        return                  # and what was to be stored leaks: there is no memory
    job.core, job.generation, job.key, job.value = core, calls.generation, <CFStringRef>key, value
    if core is not NULL and ty_load_u64(&core.generation) == calls.generation:
        ty_mutex_lock(&core.values)
        if core.queue is not NULL:
            job.host = core.host
            dispatch_async_f(core.queue, job, run_storage_job)
            sent = True
        ty_mutex_unlock(&core.values)
    if not sent:
        drop_storage_job(job)


# In Initialize, whose mutex is let go meanwhile: nobody else can do anything but wait for `starting`.
cdef inline const void* load_value(const CoreCalls* calls, const void* key) noexcept nogil:
    cdef Core* core = <Core*>calls.core
    cdef CFPropertyListRef value = NULL
    cdef OSStatus status
    ty_mutex_unlock(&core.control)
    status = core.host[0].CopyFromStorage(core.host, <CFStringRef>key, &value)
    ty_mutex_lock(&core.control)
    return <const void*>value if status == kAudioHardwareNoError else NULL


# ---- properties ----

# The module of settings and of properties of a driver's own, which most drivers do not need; with the GIL.
cdef inline object extras_of(Core* core, Driver driver, StatusOf status_of):
    cdef CoreCalls calls
    calls.core, calls.generation, calls.status_of, calls.tell = core, core.generation, status_of, tell_changed
    calls.store, calls.load = store_value, load_value
    module = __import__("tympan._extras", None, None, ["connect"])
    read, write, extras = module.connect(driver, <size_t>&calls)
    core.read_property, core.write_property = <ReadProperty><size_t>read, <WriteProperty><size_t>write
    return extras


# What the driver declares, after its settings have been restored, with its controls as they were left.
cdef inline object restored_declaration(Core* core, Driver driver, StatusOf status_of):
    if driver.SETTINGS:
        extras_of(core, driver, status_of).restore(driver, driver.settings)
    specs = driver.declaration()
    if any([control.persistent for spec in specs for control in spec.controls]):
        specs = extras_of(core, driver, status_of).restored(driver, specs)
        core.hears = True
    return specs


# With the GIL: the driver's own properties and persistent controls are those that its devices of this graph declare.
cdef inline int give_extras(Core* core, Driver driver, const Graph* graph, StatusOf status_of) except -1:
    cdef UInt32 i
    specs = [<object>graph.devices[i].spec for i in range(graph.device_count)]
    persistent = any([control.persistent for spec in specs for control in spec.controls])
    if driver._extras is not None or driver.PROPERTIES or persistent or any([spec.properties for spec in specs]):
        places = [(graph.devices[i].id, graph.devices[i].io.device) for i in range(graph.device_count)]
        extras_of(core, driver, status_of).give(driver, specs, places)
        driver._extras.keep(driver, {place[1]: spec.uid for place, spec in zip(places, specs)})
    core.hears |= persistent
    return 0


# A reference as qualifier, or NULL where it is missing or of another size.
cdef inline const void* reference_in(UInt32 size, const void* qualifier) noexcept nogil:
    return qualifier if size == sizeof(CFTypeRef) else NULL


# The query has found that the value is the driver's own. Any control thread; takes the GIL, and no lock.
cdef inline OSStatus read_custom(Core* core, Query* query) noexcept nogil:
    cdef const void* qualifier = reference_in(query.qualifier_size, query.qualifier)
    cdef void* value = NULL
    cdef OSStatus status
    if query.custom.qualifier_type and qualifier is NULL:
        return kAudioHardwareBadPropertySizeError
    status = core.read_property(&core.driver, query.id, query.custom.selector, qualifier, &value)
    if status == kAudioHardwareNoError:
        memcpy(query.out, &value, sizeof(value))
    return status


# `data` is the size of a reference. Any control thread.
cdef inline OSStatus write_custom(
    Core* core, AudioObjectID object_id, const AudioObjectPropertyAddress* address,
    const void* qualifier, const void* data
) noexcept nogil:
    cdef OSStatus status = kAudioHardwareBadObjectError
    cdef const Object* item
    cdef const Custom* custom
    ty_mutex_lock(&core.control)
    item = object_of(core.graph, object_id)     # as it is now: it may have gone meanwhile
    custom = custom_named(core.graph, item, address.mSelector) if item is not NULL else NULL
    if custom is not NULL and custom.qualifier_type and qualifier is NULL:
        status = kAudioHardwareBadPropertySizeError
    elif custom is not NULL:
        status = core.write_property(&core.driver, object_id, address.mSelector, qualifier, data)
    ty_mutex_unlock(&core.control)
    return status
