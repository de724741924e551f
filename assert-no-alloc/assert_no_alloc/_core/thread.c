/* Per-thread state and the start of everything. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <unwind.h>

#include "core.h"

#ifdef __linux__
__thread ana_thread ana_me __attribute__((tls_model("initial-exec")));
#else
__thread ana_thread ana_me;
#endif
int ana_policy = ANA_REPORT;

static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
static int installed;

static ana_thread *self(void) { return &ana_me; }

/* The kernel does not hand Syscall User Dispatch down to a child. */
static void after_fork_in_child(void) {
    pthread_mutex_init(&install_lock, NULL);
    ana_me.ready = 0;
}

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *unused) {
    (void)context, (void)unused;
    return _URC_NO_REASON;
}

/* Once per process. The first walk of a stack may set things up: better now
 * than in somebody's guarded section. */
void ana_install(void) {
    pthread_mutex_lock(&install_lock);
    if (!installed) {
        _Unwind_Backtrace(step, NULL);
        ana_find_self();
        ana_resolve();
        ana_patch();
        ana_dispatch_install();
        pthread_atfork(NULL, NULL, after_fork_in_child);
        __atomic_store_n(&installed, 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&install_lock);
}

/* Any thread that is not guarded; costs a microsecond when nothing was loaded. */
int ana_refresh(void) {
    int patched = 0;
    ana_me.permit++;
    ana_update(&ana_me);
    if (!__atomic_load_n(&installed, __ATOMIC_ACQUIRE)) ana_install();
    pthread_mutex_lock(&install_lock);
    if (ana_stale()) {
        ana_resolve();
        patched = ana_patch();
    }
    pthread_mutex_unlock(&install_lock);
    ana_me.permit--;
    ana_update(&ana_me);
    return patched;
}

/* Once per thread; later only what has been loaded since is looked at. SIGSYS
 * must not be blocked: the kernel kills for it then. */
static void prepare(void) {
    sigset_t set;
    ana_refresh();
    if (ana_me.ready) return;
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    ana_dispatch_prepare(&ana_me);
    ana_me.ready = 1;
}

/* The outermost guard ends: what the section did to the GIL is forgotten. */
static void settle(void) {
    if (ana_me.depth > 0) return;
    if (ana_me.gil > 0) ana_me.permit -= ana_me.gil;
    ana_me.gil = 0;
}

static void set_policy(int policy) { ana_policy = policy; }
static uint64_t total(void) { return __atomic_load_n(&ana_total, __ATOMIC_RELAXED); }

/* `offset` is written at import: it is no constant of the linker. */
static ana_api table = {ANA_API_VERSION, sizeof(ana_api), 0, self, prepare, ana_refresh, settle, set_policy, total};

const ana_api *ana_get_api(void) {
#ifdef ANA_THREAD_POINTER
    table.offset = (char *)&ana_me - ana_thread_pointer();
#endif
    return &table;
}
