# Building and replacing whole graphs. Control thread, with the GIL and the core's `control`.

from libc.stdint cimport uint32_t

from tympan._directory cimport Directory
from tympan._objects cimport Device, Graph
from tympan.coreaudio cimport AudioObjectID, UInt32

ctypedef int (*WriteControl)(void* core, uint32_t id, uint32_t bits, double place) noexcept


cdef Graph* build_graph(
    object driver, object specs, const Graph* before, object anew, Directory* directory
) except NULL
cdef void free_graph(Graph* graph) noexcept
cdef void give_lines(const Graph* graph, const Graph* but) noexcept
cdef Device* device_of(const Graph* graph, object uid) noexcept
cdef int adopt_controls(object driver, Device* device, void* core, WriteControl write) except -1
cdef void disown_controls(object driver, const Device* device) noexcept
cdef list relations(object was, object specs)
cdef object with_chosen_formats(object spec, object was)
cdef object with_wanted_formats(const Device* device, object spec)
cdef list rename(Graph* graph, Device* device, object spec)
cdef bint differs_in_names(object was, object spec)
cdef bint differs_in_nothing(object was, object spec)
