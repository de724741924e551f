# Calls to the host. Each is a job on the core's serial queue, and leaves from
# there with no lock held and without the GIL, because the host may call back
# before it returns. Header only: part of _hal.

from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

from tympan._core cimport Core, core_of, device_in
from tympan._objects cimport Device
from tympan._rt cimport ty_load_pointer, ty_load_u64, ty_mutex_lock, ty_mutex_unlock
from tympan.coreaudio cimport *

cdef struct Job:
    Core* core
    AudioServerPlugInHostRef host   # the host's for as long as it has the plug-in
    uint64_t generation
    AudioObjectID object_id
    UInt64 change_id            # not 0: request a configuration change
    UInt32 changed              # else: so many properties have changed
    AudioObjectPropertyAddress[2] addresses


# Nothing is wanted of the device any more. `control` is held.
cdef inline void drop_change(Device* device) noexcept nogil:
    cdef UInt32 i
    device.change_id = 0
    device.wants_spec = False
    for i in range(device.input_count):
        device.inputs[i].wanted_format = 0
    for i in range(device.output_count):
        device.outputs[i].wanted_format = 0


# The device's request is settled, or was refused. Any control thread.
cdef inline OSStatus forget_change(Core* core, AudioObjectID device_id, UInt64 change_id) noexcept nogil:
    cdef Device* device
    ty_mutex_lock(&core.control)
    device = device_in(core.graph, device_id)
    if device is not NULL and device.change_id == change_id:
        drop_change(device)
    ty_mutex_unlock(&core.control)
    return kAudioHardwareNoError if device is not NULL else kAudioHardwareBadObjectError


cdef inline void run_job(void* context) noexcept nogil:
    cdef Job* job = <Job*>context
    cdef Core* core = core_of(job.core)
    cdef OSStatus status
    # A job that is late, after the last Release, finds no graph or that of a later life.
    if core is not NULL and ty_load_pointer(<void**>&core.graph) is not NULL and (
        ty_load_u64(&core.generation) == job.generation
    ):
        if job.change_id:
            status = job.host[0].RequestDeviceConfigurationChange(job.host, job.object_id, job.change_id, NULL)
            if status != kAudioHardwareNoError:
                forget_change(core, job.object_id, job.change_id)
        else:
            job.host[0].PropertiesChanged(job.host, job.object_id, job.changed, job.addresses)
    free(job)


# False when there is no memory for it.
# Control thread: PropertiesChanged of a selector (or two), or, with a change_id, a configuration change.
cdef inline bint enqueue(
    Core* core, AudioObjectID object_id, UInt64 change_id, UInt32 selector, UInt32 second=0,
    UInt32 scope=kAudioObjectPropertyScopeGlobal, UInt32 element=kAudioObjectPropertyElementMain
) noexcept nogil:
    cdef Job* job = <Job*>malloc(sizeof(Job))
    if job is NULL:
        return False
    job.core = core
    job.host = core.host
    job.generation = core.generation
    job.object_id = object_id
    job.change_id = change_id
    job.changed = 2 if second else 1
    job.addresses[0] = AudioObjectPropertyAddress(selector, scope, element)
    job.addresses[1] = job.addresses[0]
    job.addresses[1].mSelector = second
    dispatch_async_f(core.queue, job, run_job)
    return True
