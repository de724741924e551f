# Property rows and their dispatch. Getters run on any thread, many at once,
# also during IO: they read the graph, take no lock and touch no Python.

from tympan._objects cimport Graph, Object
from tympan._properties_types cimport Query, Row
from tympan.coreaudio cimport AudioObjectPropertyAddress, OSStatus


cdef const Row* find_row(
    const Graph* graph, const Object* item, const AudioObjectPropertyAddress* address
) noexcept nogil
cdef bint may_set(const Object* item, const Row* row) noexcept nogil
cdef OSStatus property_size(Query* query) noexcept nogil
cdef OSStatus property_data(Query* query) noexcept nogil
