# The C side of a plug-in. What entry.c and the simulated host need is only
# tympan._hal.create() and PlugIn.address.

from libc.stdint cimport uint32_t, uint64_t

from tympan._objects cimport Graph
from tympan._rt cimport ty_mutex
from tympan.coreaudio cimport (
    AudioServerPlugInDriverInterface, AudioServerPlugInHostRef, dispatch_queue_t, Float64, UInt64,
)


# One plug-in. The first field makes a pointer to it an AudioServerPlugInDriverRef.
cdef struct Core:
    AudioServerPlugInDriverInterface* interface
    uint32_t references         # atomic
    Graph* graph                # atomic; NULL before Initialize and after the last Release
    AudioServerPlugInHostRef host
    dispatch_queue_t queue      # every call to the host leaves from here
    ty_mutex control            # serialises control calls; taken before the GIL, never on IO threads
    void* driver_class          # borrowed: the PlugIn holds it
    void* driver                # owned reference to the Driver, while graph is not NULL
    uint64_t generation         # counts Initialize, so that late jobs can be recognised
    uint64_t ticks_num          # mach ticks per second = ticks_num / ticks_den
    uint64_t ticks_den
    # A requested configuration change; 0: none. Guarded by `control`.
    UInt64 change_id
    UInt64 last_change_id
    Float64 wanted_rate


cdef class PlugIn:
    cdef Core core
    cdef object driver_class
