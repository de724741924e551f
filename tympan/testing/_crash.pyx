# cython: language_level=3
"""Native stacks of a process that crashes or hangs, written to a pipe: see crash.h for the lines."""


cdef extern from "crash.h" nogil:
    int tympan_crash_install(int pipe)


def install(int pipe):
    """From now on a deadly signal, or SIGALRM, writes native stacks to the file descriptor ``pipe`` and ends the
    process. Call it once, on the main thread."""
    if tympan_crash_install(pipe):
        raise OSError("no memory for a signal stack")
