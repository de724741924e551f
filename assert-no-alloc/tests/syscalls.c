/* System calls made without the C library's help, and its more unusual ones. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long raw(long n, long a, long b, long c) {
    long r;
    register long size __asm__("r10") = 8; /* of a signal set, where one is asked for */
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(size) : "rcx", "r11", "memory");
    return r;
}

long raw_write(void) { return raw(SYS_write, 2, (long)"x", 0); }
long raw_getppid(void) { return raw(SYS_getppid, 0, 0, 0) - getppid(); }
long raw_bad_close(void) { return raw(SYS_close, -1, 0, 0); }
long libc_syscall(void) { return syscall(SYS_gettid) > 0; }
long libc_getpid(void) { return getpid() > 0; }

/* The clock of the vDSO makes no system call. */
long read_clock(void) {
    struct timespec t;
    return clock_gettime(CLOCK_MONOTONIC, &t);
}

/* The kernel's own answer to a clock call from elsewhere is a system call. */
long raw_clock(void) {
    struct timespec t;
    return raw(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&t, 0);
}

/* A child process, by the bare system call: it must live, and report nothing. */
long raw_fork(void) {
    int status = 0;
    long child = raw(SYS_fork, 0, 0, 0);
    if (child == 0) {
        free(malloc(10));
        raw(SYS_exit_group, 7, 0, 0);
    }
    waitpid((pid_t)child, &status, 0);
    return WEXITSTATUS(status);
}

/* A child on a stack of its own, sharing the memory: nothing of the handler may run on it. */
long raw_clone(void) {
    static char stack[65536];
    int status = 0;
    long child;
    __asm__ volatile(
        "syscall\n"
        "test %%eax, %%eax\n"
        "jnz 1f\n"
        "mov $9, %%edi\n"
        "mov $60, %%eax\n"
        "syscall\n"
        "1:\n"
        : "=a"(child)
        : "a"(SYS_clone), "D"(CLONE_VM | SIGCHLD), "S"(stack + sizeof stack - 64), "d"(0)
        : "rcx", "r11", "memory");
    waitpid((pid_t)child, &status, 0);
    return WEXITSTATUS(status);
}

long vfork_child(void) {
    int status = 0;
    pid_t child = vfork();
    if (child == 0) _exit(8);
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

/* A mask that a trapped call sets must still be set when the handler is back. */
long raw_sigmask(void) {
    unsigned long set = 1ul << (SIGUSR2 - 1), now = 0;
    long ok;
    raw(SYS_rt_sigprocmask, SIG_BLOCK, (long)&set, 0);
    raw(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&now);
    ok = (now & set) != 0;
    raw(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&set, 0);
    return ok;
}

/* All signals blocked, as some libraries do: the next trap must not kill. */
long block_all_then_write(void) {
    sigset_t all, old;
    long r;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    r = raw_write();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return r;
}

/* A signal's handler returns by a system call that is nobody's violation. */
static volatile sig_atomic_t alarms;
static void on_alarm(int s) { (void)s; alarms++; }
void alarm_soon(void) {
    struct itimerval t = {{0, 0}, {0, 3000}};
    alarms = 0;
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &t, NULL);
}
long spin_until_alarm(void) {
    for (volatile long i = 0; i < 2000000000 && !alarms; i++) {}
    return alarms;
}

/* errno belongs to the guarded code. */
long keeps_errno(void) {
    void *volatile p;
    errno = 77;
    raw(SYS_getppid, 0, 0, 0);
    p = malloc(10);
    free(p);
    return errno;
}
