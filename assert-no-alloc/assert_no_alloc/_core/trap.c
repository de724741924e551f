/* A trap was met: decide, record, permit. On the guarded thread; the first
 * thing is to lift the guard, so that nothing done here is trapped itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "core.h"
#include "hook_list.h"

static void name_thread(ana_record *r) {
#ifdef __linux__
    r->thread_id = (int32_t)syscall(SYS_gettid);
    prctl(PR_GET_NAME, r->thread_name, 0, 0, 0);
#else
    uint64_t id = 0;
    pthread_threadid_np(NULL, &id);
    r->thread_id = (int32_t)id;
    pthread_getname_np(pthread_self(), r->thread_name, sizeof r->thread_name);
#endif
}

typedef struct {
    ana_record *record;
    uintptr_t floor;
} walk;

/* Our own frames on top are left out. The section ends with the function that
 * entered the guard: the first whose caller's stack lies above the floor. */
static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *opaque) {
    walk *w = opaque;
    ana_record *r = w->record;
    void *ip = (void *)_Unwind_GetIP(context);
    if (ip == NULL || r->frame_count == ANA_FRAMES) return _URC_END_OF_STACK;
    if (r->frame_count == 0 && ana_in_self(ip)) return _URC_NO_REASON;
    if (r->section == 0 && r->frame_count > 0 && (uintptr_t)_Unwind_GetCFA(context) > w->floor)
        r->section = r->frame_count;
    r->frames[r->frame_count++] = ip;
    return _URC_NO_REASON;
}

static void walk_stack(ana_record *r, const ana_thread *t) {
    walk w = {r, t->floor};
    _Unwind_Backtrace(step, &w);
    if (r->section == 0) r->section = r->frame_count;
}

static uint64_t hash(const ana_record *r) {
    uint64_t h = (uint64_t)(uintptr_t)r->function ^ (uint64_t)(uint32_t)r->thread_id << 32;
    for (int i = 0; i < r->frame_count; i++) h = (h ^ (uint64_t)(uintptr_t)r->frames[i]) * 0x9e3779b97f4a7c15u;
    return h;
}

/* Keeps a record, or ends the process, as the policy says. The guard is lifted. */
void ana_record_violation(ana_thread *t, int kind, const char *function) {
    ana_record r;
    int error = errno;
    memset(&r, 0, sizeof r);
    r.kind = kind;
    r.function = function;
    r.count = 1;
    name_thread(&r);
    walk_stack(&r, t);
    r.hash = hash(&r);
    t->violations++;
    if ((t->policy ? t->policy : ana_policy) == ANA_ABORT) ana_die(&r);
    ana_log_add(&r);
    errno = error;
}

/* hook < 0: the system call numbered -1 - hook, made through syscall(). */
void ana_trap(int hook) {
    ana_me.trap = 0;
    ana_me.permit++;
    if (hook < 0) {
        if (ana_off[HOOK_syscall]) return;
        ana_record_violation(&ana_me, ana_syscall_kind(-1 - hook), ana_syscall_name(-1 - hook));
    } else if (!ana_off[hook]) {
        ana_record_violation(&ana_me, ana_hooks[hook].kind, ana_hooks[hook].name);
    }
}

void ana_untrap(void *unused) {
    (void)unused;
    ana_me.permit--;
    ana_update(&ana_me);
}
