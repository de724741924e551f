/* The wrappers. Called in place of the functions they are named after, on any
 * thread: one compare and one jump where nothing is guarded. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "hook_list.h"

void *ana_real[HOOKS];
volatile uint8_t ana_off[HOOKS];

#define NAMED(kind, result, symbol, name, parameters, arguments) HOOK(kind, result, symbol, parameters, arguments)
#define VOID_NAMED(kind, symbol, name, parameters, arguments, when) VOID_HOOK(kind, symbol, parameters, arguments, when)

#define HOOK(kind, result, symbol, parameters, arguments)                             \
    static result w_##symbol parameters {                                             \
        if (ANA_LIKELY(!ana_me.trap)) return REAL(result, parameters, symbol) arguments; \
        ANA_TRAPPED(HOOK_##symbol);                                                   \
        return REAL(result, parameters, symbol) arguments;                            \
    }
#define VOID_HOOK(kind, symbol, parameters, arguments, when)                  \
    static void w_##symbol parameters {                                       \
        if (ANA_LIKELY(!ana_me.trap) || !(when)) {                            \
            REAL(void, parameters, symbol) arguments;                         \
            return;                                                           \
        }                                                                     \
        ANA_TRAPPED(HOOK_##symbol);                                           \
        REAL(void, parameters, symbol) arguments;                             \
    }
#define VA_HOOK(kind, result, symbol, parameters, last, call) \
    static result w_##symbol parameters {                     \
        va_list ap;                                           \
        result r;                                             \
        int trapped = ana_me.trap;                            \
        if (trapped) ana_trap(HOOK_##symbol);                 \
        va_start(ap, last);                                   \
        r = call;                                             \
        va_end(ap);                                           \
        if (trapped) ana_untrap(NULL);                        \
        return r;                                             \
    }
#define HAND(kind, symbol)
#include "hooks_libc.inc"
#include "hooks_other.inc"
#undef HOOK
#undef VOID_HOOK
#undef VA_HOOK
#undef HAND

/* The mode is there only for some flags; reading it regardless is harmless on
 * the systems we know, and passing it on is too. */
#define OPEN(symbol, parameters, arguments)                                             \
    static int w_##symbol parameters {                                                  \
        va_list ap;                                                                     \
        int mode;                                                                       \
        va_start(ap, flags);                                                            \
        mode = va_arg(ap, int);                                                         \
        va_end(ap);                                                                     \
        if (ANA_LIKELY(!ana_me.trap)) return REAL(int, parameters, symbol) arguments;   \
        ANA_TRAPPED(HOOK_##symbol);                                                     \
        return REAL(int, parameters, symbol) arguments;                                 \
    }
OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPEN(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

#define CONTROL(symbol, type)                                                                            \
    static int w_##symbol(int file, type flags, ...) {                                                   \
        va_list ap;                                                                                      \
        void *argument;                                                                                  \
        va_start(ap, flags);                                                                             \
        argument = va_arg(ap, void *);                                                                   \
        va_end(ap);                                                                                      \
        if (ANA_LIKELY(!ana_me.trap)) return REAL(int, (int, type, ...), symbol)(file, flags, argument); \
        ANA_TRAPPED(HOOK_##symbol);                                                                      \
        return REAL(int, (int, type, ...), symbol)(file, flags, argument);                               \
    }
CONTROL(fcntl, int)
CONTROL(fcntl64, int)
CONTROL(ioctl, unsigned long)

#define SYSLOG(symbol, parameters)            \
    static void w_##symbol parameters {       \
        va_list ap;                           \
        int trapped = ana_me.trap;            \
        if (trapped) ana_trap(HOOK_##symbol); \
        va_start(ap, format);                 \
        vsyslog(priority, format, ap);        \
        va_end(ap);                           \
        if (trapped) ana_untrap(NULL);        \
    }
SYSLOG(syslog, (int priority, const char *format, ...))
SYSLOG(__syslog_chk, (int priority, int flag, const char *format, ...))

/* A raw system call is judged by its number. */
static long w_syscall(long number, ...) {
    long a[6];
    va_list ap;
    va_start(ap, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(ap, long);
    va_end(ap);
#define CALL REAL(long, (long, ...), syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5])
    if (ANA_LIKELY(!ana_me.trap)) return CALL;
    ANA_TRAPPED(-1 - (int)number);
    return CALL;
#undef CALL
}

/* A thread that blocked SIGSYS would die of its next trapped system call. */
static int masked(int hook, int how, const sigset_t *set, sigset_t *old) {
    sigset_t without;
    if (set != NULL && ana_me.ready && how != SIG_UNBLOCK) {
        without = *set;
        sigdelset(&without, SIGSYS);
        set = &without;
    }
    return ((int (*)(int, const sigset_t *, sigset_t *))ana_real[hook])(how, set, old);
}
#define SIGMASK(symbol)                                                           \
    static int w_##symbol(int how, const sigset_t *set, sigset_t *old) {          \
        if (ANA_LIKELY(!ana_me.trap)) return masked(HOOK_##symbol, how, set, old); \
        ANA_TRAPPED(HOOK_##symbol);                                               \
        return masked(HOOK_##symbol, how, set, old);                              \
    }
SIGMASK(pthread_sigmask)
SIGMASK(sigprocmask)

/* Only ctypes and cffi come here, always with the handle of a library. */
static void *w_dlsym(void *handle, const char *symbol) {
    void *found = REAL(void *, (void *, const char *), dlsym)(handle, symbol);
    int hook = ana_find(symbol);
    return hook >= 0 && ana_same(hook, found) && ana_hooks[hook].group == ANA_LIBC ? ana_hooks[hook].wrapper : found;
}

int w_PyGILState_Ensure(void);
void w_PyGILState_Release(int), w_PyEval_RestoreThread(void *);
void w_PyEval_AcquireThread(void *), w_PyEval_ReleaseThread(void *);
void *w_PyEval_SaveThread(void);

#undef NAMED
#undef VOID_NAMED
#define NAMED(kind, result, symbol, name, parameters, arguments) \
    {#symbol, name, ANA_##kind, ANA_GROUP, (void *)w_##symbol},
#define VOID_NAMED(kind, symbol, name, parameters, arguments, when) \
    {#symbol, name, ANA_##kind, ANA_GROUP, (void *)w_##symbol},
#define ROW(kind, symbol) {#symbol, #symbol, ANA_##kind, ANA_GROUP, (void *)w_##symbol},
#define HOOK(kind, result, symbol, parameters, arguments) ROW(kind, symbol)
#define VOID_HOOK(kind, symbol, parameters, arguments, when) ROW(kind, symbol)
#define VA_HOOK(kind, result, symbol, parameters, last, call) ROW(kind, symbol)
#define HAND(kind, symbol) ROW(kind, symbol)
#define ANA_GROUP ANA_LIBC
const ana_hook ana_hooks[] = {
#include "hooks_libc.inc"
#undef ANA_GROUP
#include "hooks_other.inc"
};
const int ana_hook_count = HOOKS;
