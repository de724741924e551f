# The state of one plug-in, and how an entry finds it. Header only: part of _hal.

from libc.stdint cimport uint32_t, uint64_t

from tympan._directory cimport Directory, Line, line_of
from tympan._extras_types cimport ReadProperty, WriteProperty
from tympan._objects cimport Device, Graph, Object, object_of
from tympan._readers cimport ty_enter, ty_readers
from tympan._rt cimport ty_load_acquire_u32, ty_load_ordered_pointer, ty_load_pointer, ty_mutex
from tympan.coreaudio cimport (
    AudioObjectID, AudioServerPlugInDriverInterface, AudioServerPlugInHostRef, UInt64, dispatch_queue_t,
    kAudioDeviceClassID,
)


cdef extern from "_core.h" nogil:
    enum:
        TY_MAX_CORES
    void* ty_cores[]
    uint32_t ty_core_count


# One plug-in. The first field makes a pointer to it an AudioServerPlugInDriverRef.
cdef struct Core:
    AudioServerPlugInDriverInterface* interface
    uint32_t references         # atomic
    Graph* graph                # atomic; NULL before Initialize and after the last Release
    Graph* next_graph           # the one that `graph` will be, while the driver initialises; guarded by `values`
    Graph* retired              # those that somebody may still be reading; guarded by `control`
    ty_readers io               # who is in an entry of an IO thread
    ty_readers calls            # who is in another entry that reads the graph
    Directory directory
    uint32_t update_wanted      # atomic: a job will ask the driver what it declares now
    AudioServerPlugInHostRef host
    dispatch_queue_t queue      # every call to the host leaves from here
    ty_mutex control            # serialises control calls; taken before the GIL, never on IO threads
    ty_mutex values             # guards what controls are set to, and the queue that tells of it; the innermost lock
    void* driver_class          # borrowed: the PlugIn holds it
    bint hears                  # whether Python must know of a control: control_changed, or it is persistent
    bint starting               # Initialize is under way; guarded by `control`, which it lets go now and then
    void* driver                # owned reference to the Driver, while graph is not NULL
    ReadProperty read_property  # of tympan._extras, which a driver with properties of its own or settings has
    WriteProperty write_property
    uint64_t generation         # counts Initialize, so that late jobs can be recognised
    uint64_t ticks_num          # mach ticks per second = ticks_num / ticks_den
    uint64_t ticks_den
    UInt64 last_change_id       # of the changes that devices request


# The plug-in of a driver reference, or NULL for what is none of ours. Any thread, lock-free.
cdef inline Core* core_of(void* ref) noexcept nogil:
    cdef uint32_t i, count = ty_load_acquire_u32(&ty_core_count)
    if ref is NULL:
        return NULL
    for i in range(count):
        if ty_load_pointer(&ty_cores[i]) == ref:
            return <Core*>ref
    return NULL


# The line of a device, or NULL; it is never freed before the plug-in. Any thread, lock-free.
cdef inline Line* line_in(void* ref, AudioObjectID device_id) noexcept nogil:
    cdef Core* core = core_of(ref)
    return line_of(&core.directory, device_id) if core is not NULL else NULL


# What an IO thread reads from here on stays until ty_leave(inside). Wait-free.
cdef inline Graph* enter_io(void* ref, AudioObjectID object_id, uint32_t** inside) noexcept nogil:
    cdef Core* core = core_of(ref)
    inside[0] = NULL
    if core is NULL:
        return NULL
    inside[0] = ty_enter(&core.io, object_id)
    return <Graph*>ty_load_ordered_pointer(<void**>&core.graph)


# The same for every other thread. It may wait for a lock inside.
cdef inline Graph* enter_call(void* ref, AudioObjectID object_id, uint32_t** inside) noexcept nogil:
    cdef Core* core = core_of(ref)
    inside[0] = NULL
    if core is NULL:
        return NULL
    inside[0] = ty_enter(&core.calls, object_id)
    return <Graph*>ty_load_ordered_pointer(<void**>&core.graph)


cdef inline Device* device_in(const Graph* graph, AudioObjectID object_id) noexcept nogil:
    cdef const Object* item = object_of(graph, object_id)
    return <Device*>item.device if item is not NULL and item.class_id == kAudioDeviceClassID else NULL
