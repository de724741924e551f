/* The guard for C: enter, leave, permit. Each is a few memory accesses to the
 * calling thread's own state, no call; any thread may use them, and they nest.
 *
 * C with Python: `const ana_api *api = ana_import();` once, with the GIL (NULL
 * and an exception on failure). C without Python: take the pointer from whoever
 * has it. The table is never freed. */
#ifndef ASSERT_NO_ALLOC_H
#define ASSERT_NO_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ANA_API_VERSION 1
#define ANA_CAPSULE "assert_no_alloc._guard._C_API"

/* What a trap is about. */
enum {
    ANA_ALLOCATION = 1,
    ANA_LOCK,
    ANA_WAIT,
    ANA_IO,
    ANA_THREAD,
    ANA_SYSTEM_CALL,
    ANA_GIL,
    ANA_KINDS
};

/* What happens at a violation. REPORT lets the call through and keeps a record. */
enum { ANA_INHERIT, ANA_REPORT, ANA_ABORT };

/* One per thread. Only `trap` is read by others: the traps, and on Linux the
 * kernel, for which it is the selector byte of Syscall User Dispatch. */
typedef struct {
    volatile uint8_t trap; /* 1: guarded now */
    uint8_t ready;         /* ana_prepare has run on this thread */
    uint8_t seen;          /* the guard was entered since somebody cleared this */
    uint8_t policy;        /* this thread's own, or ANA_INHERIT */
    int32_t depth;         /* guards entered */
    int32_t permit;        /* permits entered: any one of them lifts all guards */
    int32_t gil;           /* > 0: GIL entered while guarded; < 0: GIL given up while guarded */
    int32_t armed;         /* `with` blocks that wait for a nogil section */
    int32_t open;          /* nogil sections of such a block open now */
    uint32_t violations;   /* of this thread so far; wraps */
    uintptr_t floor;       /* the stack pointer at the outermost enter: where the guarded part of a stack begins */
} ana_thread;

typedef struct {
    uint32_t version, size;
    ptrdiff_t offset;          /* of ana_thread from the thread pointer, where there is one */
    ana_thread *(*self)(void); /* any thread */
    void (*prepare)(void);     /* before a thread's first enter (which would do it) and after a dlopen; not realtime */
    int (*refresh)(void);      /* only the part for a dlopen; answers the number of calls newly trapped */
    void (*settle)(void);      /* leave's slow path: the GIL was taken or given up inside */
    void (*set_policy)(int);   /* of the process: ANA_REPORT or ANA_ABORT */
    uint64_t (*total)(void);   /* violations of all threads so far */
} ana_api;

#if defined(__linux__) && defined(__x86_64__)
static inline char *ana_thread_pointer(void) {
    char *p;
    __asm__("movq %%fs:0, %0" : "=r"(p));
    return p;
}
#define ANA_THREAD_POINTER 1
#elif defined(__linux__) && defined(__aarch64__)
static inline char *ana_thread_pointer(void) {
    char *p;
    __asm__("mrs %0, tpidr_el0" : "=r"(p));
    return p;
}
#define ANA_THREAD_POINTER 1
#endif

/* The calling thread's state. */
static inline ana_thread *ana_self(const ana_api *api) {
#ifdef ANA_THREAD_POINTER
    return (ana_thread *)(ana_thread_pointer() + api->offset);
#else
    return api->self();
#endif
}

static inline uintptr_t ana_stack_pointer(void) {
    uintptr_t p;
#if defined(__x86_64__)
    __asm__("movq %%rsp, %0" : "=r"(p));
#elif defined(__aarch64__)
    __asm__("mov %0, sp" : "=r"(p));
#else
    p = (uintptr_t)__builtin_frame_address(0);
#endif
    return p;
}

/* The compiler may not move work across the edge of a guarded section. */
static inline void ana_update(ana_thread *t) {
    __asm__ volatile("" ::: "memory");
    t->trap = t->depth > 0 && t->permit <= 0;
    __asm__ volatile("" ::: "memory");
}

/* From here this thread may not allocate, lock, wait, do IO, start threads,
 * make system calls or enter the GIL. Realtime-safe but for a thread's first
 * call, which prepares it: call ana_prepare before to have that behind you. */
static inline void ana_enter(const ana_api *api) {
    ana_thread *t = ana_self(api);
    if (__builtin_expect(!t->ready, 0)) api->prepare();
    if (t->depth++ == 0) t->floor = ana_stack_pointer();
    t->seen = 1;
    ana_update(t);
}

/* The end of the section begun by the last ana_enter of this thread. */
static inline void ana_leave(const ana_api *api) {
    ana_thread *t = ana_self(api);
    if (t->depth > 0) t->depth--;
    if (__builtin_expect(t->gil != 0, 0)) api->settle();
    ana_update(t);
}

/* From here to ana_permit_leave everything is allowed again. */
static inline void ana_permit_enter(const ana_api *api) {
    ana_thread *t = ana_self(api);
    t->permit++;
    ana_update(t);
}

static inline void ana_permit_leave(const ana_api *api) {
    ana_thread *t = ana_self(api);
    t->permit--;
    ana_update(t);
}

/* Whether a trap would fire now. */
static inline int ana_guarded(const ana_api *api) { return ana_self(api)->trap; }

/* Violations of this thread so far: compare before and after a section. */
static inline uint32_t ana_violations(const ana_api *api) { return ana_self(api)->violations; }

#ifdef Py_PYTHON_H
/* The table, or NULL with ImportError set. With the GIL. */
static inline const ana_api *ana_import(void) {
    const ana_api *api = (const ana_api *)PyCapsule_Import(ANA_CAPSULE, 0);
    if (api != NULL && api->version != ANA_API_VERSION) {
        PyErr_Format(PyExc_ImportError, "assert_no_alloc: C API version %u, compiled against %d", api->version,
                     ANA_API_VERSION);
        return NULL;
    }
    return api;
}
#endif

#ifdef __cplusplus
}
#endif
#endif
