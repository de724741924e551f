/* The GIL: entering it while guarded is a violation, and what Python then does
 * is permitted, because one report of the cause says more than fifty of the
 * effects. Giving it up and taking it again around a nogil section is what
 * switches the guard on and off for a `with` block of scope "nogil".
 *
 * Any thread. These wrappers stand in extension modules only: Python's own
 * calls of the same functions are left alone. */
#include "core.h"
#include "hook_list.h"

/* Inside a guard all takes and gives are counted, permitted or not, so that
 * they pair up; each holds a permit of its own. */
static void note(int hook) {
    if (ana_me.trap)
        ana_trap(hook);
    else
        ana_me.permit++;
}

/* Before the GIL is taken: true if taken() must follow. */
static int taking(int hook) {
    if (ANA_LIKELY(ana_me.depth <= 0)) return 0;
    note(hook);
    return 1;
}

/* A GIL that was given up inside comes back: the guard goes on. */
static void taken(void) {
    if (ana_me.gil++ < 0) ana_untrap(NULL);
}

/* Before the GIL is given up: true if given() must follow. */
static int giving(int hook) {
    if (ANA_LIKELY(ana_me.depth <= 0)) return 0;
    if (ana_me.gil <= 0) note(hook);
    return 1;
}

static void given(void) {
    ana_me.gil--;
    ana_untrap(NULL);
}

int w_PyGILState_Ensure(void);
int w_PyGILState_Ensure(void) {
    int counted = taking(HOOK_PyGILState_Ensure);
    int state = REAL(int, (void), PyGILState_Ensure)();
    if (counted) taken();
    return state;
}

void w_PyGILState_Release(int state);
void w_PyGILState_Release(int state) {
    int counted = giving(HOOK_PyGILState_Release);
    REAL(void, (int), PyGILState_Release)(state);
    if (counted) given();
}

/* The edges of a nogil section. Where a `with` of scope "nogil" waits for it,
 * the outermost one is no violation: it opens the guard. */
void *w_PyEval_SaveThread(void);
void *w_PyEval_SaveThread(void) {
    int counted = giving(HOOK_PyEval_SaveThread);
    void *state = REAL(void *, (void), PyEval_SaveThread)();
    if (counted) {
        given();
        if (ana_me.open > 0) ana_me.open++;
    } else if (ANA_UNLIKELY(ana_me.armed > 0)) {
        ana_me.open = 1;
        ana_enter(ana_get_api());
        ana_me.floor = (uintptr_t)__builtin_frame_address(0) + 2 * sizeof(void *); /* the caller's, not ours */
    }
    return state;
}

void w_PyEval_RestoreThread(void *state);
void w_PyEval_RestoreThread(void *state) {
    int counted;
    if (ANA_UNLIKELY(ana_me.open > 0) && --ana_me.open == 0) ana_leave(ana_get_api());
    counted = taking(HOOK_PyEval_RestoreThread);
    REAL(void, (void *), PyEval_RestoreThread)(state);
    if (counted) taken();
}

void w_PyEval_AcquireThread(void *state);
void w_PyEval_AcquireThread(void *state) {
    int counted = taking(HOOK_PyEval_AcquireThread);
    REAL(void, (void *), PyEval_AcquireThread)(state);
    if (counted) taken();
}

void w_PyEval_ReleaseThread(void *state);
void w_PyEval_ReleaseThread(void *state) {
    int counted = giving(HOOK_PyEval_ReleaseThread);
    REAL(void, (void *), PyEval_ReleaseThread)(state);
    if (counted) given();
}
