# What the primitives check of their arguments. Control thread, GIL held.

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyObject_GetBuffer


# A whole number between two others, or a sentence.
cdef inline size_t whole(object value, str what, size_t least, size_t most) except? 0:
    if not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{what} is {value!r}; it must be a whole number from {least} to {most}")
    return value


# A view of the bytes of `data`, and how many whole units of `unit` bytes they are. PyBuffer_Release
# ends it.
cdef inline Py_ssize_t units(object data, Py_buffer* view, int flags, size_t unit) except -1:
    PyObject_GetBuffer(data, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | flags)
    return view.len // <Py_ssize_t>unit
