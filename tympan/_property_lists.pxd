# Property lists between Python and CoreFoundation. Control threads, with the GIL.

from tympan.coreaudio cimport CFTypeRef

# A new object that the caller releases; TypeError or ValueError for what is no property list.
cdef CFTypeRef cf_of(object value) except NULL
# The value of a live object; ValueError for what is no property list, or none that Python can hold.
cdef object value_of(CFTypeRef reference)
