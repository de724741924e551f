# cython: language_level=3
"""The fuzzer's C side. fuzz.h does the work, in a process of its own; _fuzz_worker.py starts it.

Loaded with RTLD_GLOBAL before the driver is, it has the callbacks of clang's SanitizerCoverage.
"""

from libc.stdint cimport uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc
from libc.string cimport memcpy

from tympan.coreaudio cimport AudioServerPlugInDriverRef, OSStatus, UInt32


cdef extern from "sys/mman.h" nogil:
    enum:
        PROT_READ
        PROT_WRITE
        MAP_SHARED
    void* MAP_FAILED
    void* mmap(void* address, size_t size, int protection, int flags, int descriptor, long offset)
    int munmap(void* address, size_t size)


cdef extern from "fuzz.h" nogil:
    enum:
        FUZZ_THREADS
        FUZZ_LOG
        FUZZ_HEAD
        FUZZ_FILE
        FUZZ_GROWTHS
        FUZZ_TEXT
        STATE_DONE
        STATE_FAILED
        FAIL_LEAK

    ctypedef struct fuzz_shared_thread:
        unsigned long long begun, ended
        unsigned used, last

    ctypedef struct fuzz_growth:
        unsigned long long episode, live

    ctypedef struct fuzz_shared:
        unsigned state, stop, failure, failing_thread, crashed_thread
        char* text
        unsigned long long episode, calls, succeeded
        unsigned long long edges, edges_met, inputs, corpus_used, corpus_inputs
        unsigned long long* per_slot
        unsigned growths
        fuzz_growth* growth
        fuzz_shared_thread* thread

    ctypedef struct fuzz_selector:
        UInt32 code
        int is_reference

    ctypedef struct fuzz_input:
        size_t used
        unsigned char* bytes

    ctypedef struct fuzz:
        fuzz_shared* shared
        int stop

    enum:
        INPUT_SIZE

    fuzz* fuzz_open(void* map, unsigned threads, unsigned groups, unsigned per_episode, uint64_t seed, uint64_t calls,
                    const fuzz_selector* selectors, unsigned selector_count)
    OSStatus fuzz_initialize(fuzz* f, AudioServerPlugInDriverRef driver)
    void fuzz_run(fuzz* f, int guide, uint64_t first_episode)
    void fuzz_play(fuzz* f, const unsigned char* bytes, size_t size, unsigned rounds)
    UInt32 fuzz_finish(fuzz* f)
    void fuzz_fail(fuzz* f, unsigned kind, const char* format, ...)
    void corpus_add(fuzz* f, const fuzz_input* input, unsigned char* shared_corpus)
    void input_index(fuzz_input* input)


FAILURES = (None, "wrote-beyond", "wrote-input", "too-long", "bad-status", "bad-reference", "core-foundation",
            "bad-stamp", "host-call", "leak")
STATES = ("starting", "running", "done", "failed")
FILE_SIZE = FUZZ_FILE
THREADS = FUZZ_THREADS


cdef class Shared:
    """The memory that a fuzzing process shares with those that watch it: a file of FILE_SIZE bytes."""

    cdef fuzz_shared* s

    def __init__(self, int descriptor):
        cdef void* map = mmap(NULL, FUZZ_FILE, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        if map == MAP_FAILED:
            raise MemoryError
        self.s = <fuzz_shared*>map

    def __dealloc__(self):
        if self.s != NULL:
            munmap(self.s, FUZZ_FILE)

    @property
    def progress(self):
        """(calls begun, calls ended) of every thread."""
        return [(self.s.thread[i].begun, self.s.thread[i].ended) for i in range(FUZZ_THREADS)]

    def stop(self):
        """Ask for an end after the call at work."""
        self.s.stop = 1

    def report(self):
        """Everything but logs and corpus, as a dict."""
        s = self.s
        first = max(0, <int>s.growths - <int>FUZZ_GROWTHS)
        return {
            "state": STATES[s.state], "failure": FAILURES[s.failure], "failing_thread": s.failing_thread,
            "crashed_thread": s.crashed_thread, "text": s.text.decode("utf-8", "replace"), "episode": s.episode,
            "calls": s.calls, "succeeded": s.succeeded, "edges": s.edges, "edges_met": s.edges_met, "inputs": s.inputs,
            "corpus": s.corpus_inputs, "per_slot": [s.per_slot[i] for i in range(64)],
            "growth": [(s.growth[i % FUZZ_GROWTHS].episode, s.growth[i % FUZZ_GROWTHS].live)
                       for i in range(first, s.growths)],
            "open": [i for i in range(FUZZ_THREADS) if s.thread[i].begun != s.thread[i].ended],
        }

    def log(self, unsigned thread):
        """The calls of a thread in its last episode (with one thread: of as many as are kept), packed."""
        cdef const char* start = <const char*>self.s + FUZZ_HEAD + thread * FUZZ_LOG
        return start[:self.s.thread[thread].used]

    def last(self, unsigned thread):
        """Where the newest call begins in log()."""
        return self.s.thread[thread].last

    def corpus(self):
        """The inputs of a guided run, each as packed calls."""
        cdef const char* start = <const char*>self.s + FUZZ_HEAD + FUZZ_THREADS * FUZZ_LOG
        cdef size_t place = 0
        found = []
        while place < self.s.corpus_used:
            size = (<uint32_t*>(start + place))[0]
            found.append(start[place + 8:place + 8 + size])
            place += 8 + size
        return found


cdef class Fuzzer:
    """The fuzzer of this process; one, once."""

    cdef fuzz* f
    cdef Shared shared

    def __init__(self, Shared shared, unsigned threads, unsigned groups, unsigned per_episode, uint64_t seed,
                 uint64_t calls, selectors):
        cdef fuzz_selector* table = <fuzz_selector*>calloc(len(selectors), sizeof(fuzz_selector))
        if table == NULL:
            raise MemoryError
        for i, (code, is_reference) in enumerate(selectors):
            table[i].code, table[i].is_reference = code, is_reference
        self.shared = shared
        self.f = fuzz_open(shared.s, threads, groups, per_episode, seed, calls, table, len(selectors))
        if self.f == NULL:
            raise MemoryError

    def initialize(self, uintptr_t driver):
        """Initialize a driver and look at what it has; the status."""
        cdef OSStatus status
        with nogil:
            status = fuzz_initialize(self.f, <AudioServerPlugInDriverRef>driver)
        return status

    def add_input(self, bytes packed):
        """An input of an earlier run, before run()."""
        cdef fuzz_input input
        if not 0 < len(packed) <= <Py_ssize_t>INPUT_SIZE:
            return
        input.used = len(packed)
        memcpy(input.bytes, <const char*>packed, input.used)
        input_index(&input)
        corpus_add(self.f, &input, <unsigned char*>self.shared.s + FUZZ_HEAD + FUZZ_THREADS * FUZZ_LOG)

    def run(self, bint guide, uint64_t first_episode=0):
        """Made-up calls until there are enough or one fails."""
        with nogil:
            fuzz_run(self.f, guide, first_episode)

    def play(self, bytes script, unsigned rounds):
        """A script: pack_all() of its calls."""
        cdef const unsigned char* data = script
        cdef size_t size = len(script)
        with nogil:
            fuzz_play(self.f, data, size, rounds)

    def finish(self):
        """Give everything back; the count after the host's last Release."""
        cdef UInt32 count
        with nogil:
            count = fuzz_finish(self.f)
        return count

    @property
    def failed(self):
        """Whether something was wrong so far."""
        return bool(self.f.stop)

    def leak(self, str text):
        """Note a leak that was found at the end."""
        cdef bytes said = text.encode("utf-8")
        fuzz_fail(self.f, FAIL_LEAK, "%s", <const char*>said)

    def end(self):
        """Say that the process ends as it was meant to."""
        self.f.shared.state = STATE_FAILED if self.f.stop else STATE_DONE
