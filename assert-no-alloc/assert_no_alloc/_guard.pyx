# cython: language_level=3
"""The guard's C core, for Python: arming, permitting, taking the records out.

Every function acts on the calling thread unless it says otherwise. Nothing
happens to the process before the first guard is armed.
"""

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport strdup


cdef extern from "assert_no_alloc.h" nogil:
    const char* ANA_CAPSULE
    ctypedef struct ana_thread:
        uint8_t seen, policy
        int32_t armed, open
        uintptr_t floor
    ana_thread* ana_self(const ana_api* api) noexcept
    ctypedef struct api_fields "ana_api":
        void (*prepare)() noexcept nogil
        int (*refresh)() noexcept nogil
        void (*set_policy)(int policy) noexcept nogil
        uint64_t (*total)() noexcept nogil

cdef extern from "_core/core.h" nogil:
    enum:
        ANA_FRAMES
        ANA_RECORDS
    ctypedef struct ana_record:
        const char* function
        uint32_t count
        int32_t kind, thread_id, frame_count, section
        char* thread_name
        void** frames
    ctypedef struct ana_hook:
        const char* symbol
        const char* name
        int kind
    ctypedef struct ana_patched:
        int objects, slots, foreign
    const ana_api* ana_get_api() noexcept
    void ana_install() noexcept
    int ana_log_take(ana_record* into, uint64_t* dropped) noexcept
    const ana_hook* ana_hooks
    const int ana_hook_count
    void** ana_real
    uint8_t* ana_off
    uint8_t ana_dispatch_off
    const char* ana_dispatch_reason
    char** ana_reporter
    ana_patched ana_patch_state
    int ana_policy

cdef extern from "<dlfcn.h>" nogil:
    ctypedef struct Dl_info:
        const char* dli_fname
        void* dli_fbase
        const char* dli_sname
        void* dli_saddr
    int dladdr(const void* address, Dl_info* info)


guard_api = ana_get_api()
_C_API = PyCapsule_New(<void*>guard_api, ANA_CAPSULE, NULL)


cdef inline const api_fields* _api() noexcept nogil:
    return <const api_fields*>guard_api


cdef void guard_prepare() noexcept nogil:
    _api().prepare()


cdef int guard_refresh() noexcept nogil:
    return _api().refresh()


cdef uint64_t guard_total() noexcept nogil:
    return _api().total()


cdef void guard_set_policy(int policy) noexcept nogil:
    _api().set_policy(policy)


def prepare():
    """Make this thread ready to be guarded, and trap what has been loaded since the last time: how many calls."""
    before = ana_patch_state.slots
    guard_prepare()
    return ana_patch_state.slots - before


def arm():
    """Guard the nogil sections that this thread runs until ``disarm``."""
    ana_self(guard_api).armed += 1


def disarm():
    """The end of ``arm``, also of a nogil section that was left by other means than its end."""
    cdef ana_thread* me = ana_self(guard_api)
    me.armed -= 1
    if me.armed == 0 and me.open:
        me.open = 0
        guard_leave()


def enter():
    """Guard everything from here, the interpreter's own work included."""
    guard_enter()
    ana_self(guard_api).floor = <uintptr_t>-1  # this function's stack is no bound for its caller's next call


def leave():
    """The end of ``enter``."""
    guard_leave()


def permit():
    """Permit everything until ``forbid``."""
    permit_enter()


def forbid():
    """The end of ``permit``."""
    permit_leave()


def active():
    """Whether a trap would fire now."""
    return bool(guard_active())


def exchange_seen(value):
    """Whether a guarded section was entered since the last call; sets what the next one starts from."""
    cdef ana_thread* me = ana_self(guard_api)
    before = bool(me.seen)
    me.seen = bool(value)
    return before


def exchange_policy(policy):
    """Set this thread's policy (0: the process's) and return the one before."""
    cdef ana_thread* me = ana_self(guard_api)
    before = me.policy
    me.policy = policy
    return before


def process_policy(policy=None):
    """Set the process's policy unless None, and return the one before."""
    before = ana_policy
    if policy is not None:
        guard_set_policy(policy)
    return before


def set_reporter(*command):
    """The command that symbolises the report of an abort: up to three words, or none."""
    for i in range(3):  # kept for the life of the process
        ana_reporter[i] = strdup(command[i].encode()) if i < len(command) else NULL


def locate(uintptr_t address):
    """``(path, base, symbol, symbol address)`` of an address, from the dynamic loader; path None when unknown."""
    cdef Dl_info info
    if not dladdr(<void*>address, &info) or info.dli_fname == NULL:
        return None, 0, None, 0
    path = (<bytes>info.dli_fname).decode("utf-8", "replace")
    symbol = None if info.dli_sname == NULL else (<bytes>info.dli_sname).decode("utf-8", "replace")
    return path, <uintptr_t>info.dli_fbase, symbol, <uintptr_t>info.dli_saddr


def take():
    """All records of all threads since the last time, and how many were lost.

    A record is ``(kind, function, thread id, thread name, count, addresses, how many of them
    are in the guarded section)``.
    """
    cdef uint64_t dropped = 0
    cdef ana_record* records = <ana_record*>malloc(ANA_RECORDS * sizeof(ana_record))
    if records == NULL:
        raise MemoryError
    try:
        n = ana_log_take(records, &dropped)
        return [_record(&records[i]) for i in range(n)], dropped
    finally:
        free(records)


cdef tuple _record(const ana_record* r):
    addresses = tuple([<uintptr_t>r.frames[i] for i in range(r.frame_count)])
    name = (<bytes><const char*>r.thread_name).decode("utf-8", "replace")
    return r.kind, (<bytes>r.function).decode(), r.thread_id, name, r.count, addresses, r.section


def facts():
    """What ``capabilities()`` is made of; prepares the process."""
    ana_install()
    return {
        "system_calls": ana_dispatch_reason == NULL,
        "system_calls_reason": None if ana_dispatch_reason == NULL else (<bytes>ana_dispatch_reason).decode(),
        "objects": ana_patch_state.objects,
        "slots": ana_patch_state.slots,
        "foreign": ana_patch_state.foreign,
    }


def hooks():
    """``(symbol, name, kind, found)`` of every function trapped by name."""
    return [_hook(&ana_hooks[i], ana_real[i] != NULL) for i in range(ana_hook_count)]


cdef tuple _hook(const ana_hook* hook, bint found):
    return (<bytes>hook.symbol).decode(), (<bytes>hook.name).decode(), hook.kind, found


def _pull_teeth(symbols, bint system_calls=False):
    """For tests of this package: these functions are no longer violations; an empty list restores all."""
    global ana_dispatch_off
    for i in range(ana_hook_count):
        ana_off[i] = (<bytes>ana_hooks[i].symbol).decode() in symbols
    ana_dispatch_off = system_calls
