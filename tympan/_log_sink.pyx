# cython: language_level=3
"""LogSink: records from IO code, decoded and logged by a thread that is not in a hurry.

IO code has ``try_push`` (_log_sink.pxd, compiled into the driver). It cannot
wake the drainer, because waking a thread is a system call; so the drainer looks
a few times a second, and does not exist while IO does not run.
"""

from cpython.buffer cimport PyBuffer_Release
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from tympan._checks cimport units, whole
from tympan._rt cimport ty_load_u64

import _thread

cdef enum:
    LARGEST_RECORD = 65_536     # bytes; a push copies one on the IO thread


def _text(record):
    """The text of a record that is text: UTF-8 up to the first NUL."""
    return record.partition(b"\0")[0].decode("utf-8", "replace")


def _emit(text):
    """One line for the unified log, or whatever stands in for it."""
    line = str(text).replace("\n", " ").replace("\0", " ").encode("utf-8", "replace")
    ty_log_line(line)


cdef class _Records:
    def __dealloc__(self):
        ty_mpsc_destroy(&self.queue)


# All that are there, at most the queue once, so that `stop` is not kept waiting.
cdef int _hand_over(_Records records, object decode, object emit) except -1:
    cdef ty_mpsc* queue = &records.queue
    cdef uint64_t _turn
    cdef bytes record
    for _turn in range(queue.mask + 1):
        record = PyBytes_FromStringAndSize(NULL, queue.size)
        if not ty_mpsc_pop(queue, PyBytes_AS_STRING(record)):
            break
        text = decode(record)
        if text is not None:
            emit(text)
    return _report(records, emit)


cdef int _report(_Records records, object emit) except -1:
    cdef uint64_t dropped = ty_load_u64(&records.queue.dropped)
    cdef uint64_t fresh = dropped - records.reported
    if fresh:
        records.reported = dropped
        emit(f"tympan: {fresh} log records were dropped; the LogSink holds {records.queue.mask + 1}")
    return 0


def _drain(_Records records, decode, emit, interval, stopping, ended):
    """The drainer's thread. Knows the queue, not the sink: a sink that nobody holds any more stops it."""
    try:
        while not stopping.acquire(True, interval):
            _hand_over(records, decode, emit)
        _hand_over(records, decode, emit)
    except BaseException as error:
        _say_why(error)
    finally:
        ended.release()


def _say_why(error):
    try:
        _emit(f"tympan: a LogSink logs nothing more: its callable raised {type(error).__name__}: {error}")
    except BaseException:
        _emit("tympan: a LogSink logs nothing more: its callable raised an exception that could not be described")


cdef class LogSink:
    """Log lines, or anything else that Python shall do, from IO code.

    IO code pushes a record, which is a C struct: ``self.sink.try_push(&record, sizeof(record))``,
    see _log_sink.pxd. A thread of its own, the drainer, decodes it: ``decode(record: bytes)`` answers
    the line for the log, or None when it has done what there is to do. If it raises, the log says so once, the drainer
    ends and audio goes on; records are then dropped.

    Create it in ``initialize``, call ``start()`` in ``start_io`` and ``stop()`` in ``stop_io``: there
    is no thread in between. While IO runs, the drainer looks every ``interval`` seconds and sleeps
    otherwise. What comes in that time must fit: a record each cycle of 64 frames at 48 kHz is 38 in 50 ms.

    Args:
        size: bytes of a record, ``sizeof`` of the struct; 1 to 65536.
        decode: called with each record as bytes. Default: the record is text, UTF-8 up to a NUL.
        emit: called with each line that ``decode`` answers. Default: the unified log on macOS,
            the simulated host's log under test, standard error otherwise.
        capacity: records; rounded up to a power of two.
        interval: seconds, 0.01 to 60.

    ``decode`` should be a function, not a method of the driver: a driver that holds a sink that
    holds the driver is freed late.

    Progress: ``try_push`` is wait-free, from any number of threads; after 8 places lost to others it drops.
    Raises ValueError, MemoryError.
    """

    def __cinit__(self, size, decode=None, *, emit=None, capacity=1024, double interval=0.05):
        cdef size_t bytes_each = whole(size, "LogSink: size", 1, LARGEST_RECORD)
        if not 0.01 <= interval <= 60:
            raise ValueError(f"LogSink: an interval of {interval:g} s; give 0.01 to 60")
        for name, called in (("decode", decode), ("emit", emit)):
            if called is not None and not callable(called):
                raise ValueError(f"LogSink: {name} is {called!r}, which cannot be called; give a function")
        self.records = _Records()
        self.queue = &self.records.queue
        if not ty_mpsc_create(self.queue, bytes_each, whole(capacity, "LogSink: capacity", 1, 2**24)):
            raise MemoryError(f"LogSink: no memory for {capacity} records of {size} bytes")
        self.decode, self.emit, self.interval = decode or _text, emit or _emit, interval

    def __del__(self):
        if self.stopping is not None:
            self.stopping.release()

    @property
    def size(self):
        """Bytes of a record. [any]"""
        return self.queue.size

    @property
    def capacity(self):
        """_Records that it holds. [any]"""
        return self.queue.mask + 1

    @property
    def dropped(self):
        """_Records that were lost, since the beginning. [any]"""
        return ty_load_u64(&self.queue.dropped)

    @property
    def alive(self):
        """Whether the drainer runs: between ``start`` and ``stop``, unless its callable raised. [any]"""
        return self.ended is not None and self.ended.locked()

    def start(self):
        """Start the drainer; nothing new if it runs. Raises RuntimeError where no thread can be had. [control]"""
        if self.alive and self.stopping is not None:
            return
        stopping, ended = _thread.allocate_lock(), _thread.allocate_lock()
        stopping.acquire()
        ended.acquire()
        arguments = (self.records, self.decode, self.emit, self.interval, stopping, ended)
        self.drainer = _thread.start_new_thread(_drain, arguments)
        self.stopping, self.ended = stopping, ended

    def stop(self, double timeout=2.0):
        """Hand over what is left and end the drainer; answers whether it has ended within ``timeout`` seconds,
        which it does unless ``decode`` or ``emit`` does not return. [control]"""
        stopping, self.stopping = self.stopping, None
        if stopping is not None:
            stopping.release()
        if self.ended is None or self.drainer == _thread.get_ident():
            return self.ended is None
        done = self.ended.acquire(True, timeout)
        if done:
            self.ended.release()
        else:
            _emit(f"tympan: a LogSink's callable has not returned for {timeout:g} s; its thread is left alone")
        return done

    def write(self, record):
        """Push a record as bytes, as IO code would; answers whether it was taken. [control]"""
        cdef Py_buffer view
        units(record, &view, 0, 1)
        try:
            return ty_mpsc_push(self.queue, view.buf, view.len)
        finally:
            PyBuffer_Release(&view)
