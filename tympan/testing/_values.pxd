# What the host's other modules use of it.

from tympan.coreaudio cimport CFPropertyListRef, CFStringRef, CFTypeRef, OSStatus

# A Python value as a CoreFoundation object that the caller owns, and back.
cdef CFTypeRef cf_of(object value) except NULL
cdef object value_of(CFTypeRef reference)
# Whether a live object is a property list. Any thread.
cdef bint is_property_list(CFTypeRef reference)


cdef class Storage:
    cdef public dict values  # key: Python value
    cdef public str missing  # one of MISSING
    cdef public bint refuses  # whether nothing can be written

    # The host's entries. With the GIL.
    cdef OSStatus copy(self, CFStringRef key, CFPropertyListRef* out)
    cdef OSStatus write(self, CFStringRef key, CFPropertyListRef value)
    cdef OSStatus remove(self, CFStringRef key)
