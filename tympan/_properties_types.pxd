# A property call and a property row, as C structures.

from tympan._objects cimport Custom, Graph, Object
from tympan.coreaudio cimport AudioObjectID, AudioObjectPropertyAddress, OSStatus, UInt32


# What a getter is asked. `out` is NULL when only the size is wanted.
cdef struct Query:
    const Graph* graph
    const Object* object
    AudioObjectID id
    const AudioObjectPropertyAddress* address
    UInt32 qualifier_size
    const void* qualifier
    UInt32 capacity             # bytes at `out`
    UInt32 size                 # answer: bytes written, or the whole size when out is NULL
    void* out
    Custom custom               # answer, when `out` is not NULL: the driver's own property that Python has to answer


ctypedef OSStatus (*Getter)(Query* query) noexcept nogil


cdef enum Setter:
    READ_ONLY = 0
    SET_RATE = 1                # data: Float64
    SET_FORMAT = 2              # data: AudioStreamBasicDescription
    SET_ACTIVE = 3              # data: UInt32
    SET_PLACE = 4               # data: Float32, 0 ... 1
    SET_DECIBELS = 5            # data: Float32
    SET_NUMBER = 6              # data: UInt32
    SET_IDENTIFYING = 7         # data: UInt32
    SET_CUSTOM = 8              # data: a reference, for Python


cdef struct Row:
    UInt32 class_id
    UInt32 selector
    UInt32 scopes               # GLOBAL | INPUT | OUTPUT, and OPTIONAL where not every object has it
    UInt32 fixed_size           # bytes; 0: the getter says
    Setter setter
    Getter get
