/*
 * What a check's process still says when it dies: the native stack, one line per frame, to a pipe.
 *
 * Line: "frame THREAD IMAGE SYMBOL OFFSET", fields separated by tabs; before them
 * "signal THREAD NUMBER", after them "end". For SIGALRM, which the watching process
 * sends when a rule takes too long, every thread of the process writes its own.
 * Only calls that are safe in a signal handler, but for dladdr and backtrace, which
 * tympan_crash_install calls once before, so that they need no memory later.
 */

#ifndef TYMPAN_CRASH_H
#define TYMPAN_CRASH_H

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/ucontext.h>
#else
#include <ucontext.h>
#endif
#ifdef __linux__
#include <dirent.h>
#include <sys/syscall.h>
#endif

#define CRASH_FRAMES 48
#define CRASH_STACK 65536

static int crash_pipe = -1;
static atomic_int crash_writer; /* frames of one thread stay together */

static void crash_line(const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0 && write(crash_pipe, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1) < 0)
        return;
}

static long crash_thread(void)
{
#ifdef __linux__
    return syscall(SYS_gettid);
#else
    return (long)pthread_mach_thread_np(pthread_self());
#endif
}

static void crash_pause(long milliseconds)
{
    struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&rest, NULL);
}

/* Where the thread was: the instruction, and who called it if that is no code at all (a call of NULL). */
static void crash_place(const ucontext_t *context, void **instruction, void **caller)
{
#if defined __linux__ && defined __x86_64__
    *instruction = (void *)context->uc_mcontext.gregs[REG_RIP];
    *caller = *(void **)context->uc_mcontext.gregs[REG_RSP];
#elif defined __linux__ && defined __aarch64__
    *instruction = (void *)context->uc_mcontext.pc;
    *caller = (void *)context->uc_mcontext.regs[30];
#elif defined __APPLE__ && defined __x86_64__
    *instruction = (void *)context->uc_mcontext->__ss.__rip;
    *caller = *(void **)context->uc_mcontext->__ss.__rsp;
#elif defined __APPLE__ && defined __aarch64__
    *instruction = (void *)arm_thread_state64_get_pc(context->uc_mcontext->__ss);
    *caller = (void *)arm_thread_state64_get_lr(context->uc_mcontext->__ss);
#else
    (void)context;
    *instruction = *caller = (void *)crash_place;
#endif
}

static void crash_frame(long thread, void *address)
{
    Dl_info info;
    memset(&info, 0, sizeof info);
    dladdr(address, &info);
    const char *base = info.dli_sname ? info.dli_saddr : info.dli_fbase;
    crash_line("frame\t%ld\t%s\t%s\t%#lx\n", thread, info.dli_fname ? info.dli_fname : "",
               info.dli_sname ? info.dli_sname : "", (unsigned long)((char *)address - base));
}

static void crash_frames(long thread, const ucontext_t *context)
{
    void *frames[CRASH_FRAMES], *instruction = NULL, *caller = NULL;
    Dl_info info;
    crash_place(context, &instruction, &caller);
    if (!dladdr(instruction, &info)) { /* unwinding would read what is not there */
        crash_frame(thread, instruction);
        crash_frame(thread, caller);
        return;
    }
    int count = backtrace(frames, CRASH_FRAMES);
    for (int i = 0; i < count; i++)
        crash_frame(thread, frames[i]);
}

static void crash_describe(int number, siginfo_t *unused, void *context)
{
    long thread = crash_thread();
    (void)unused;
    for (int i = 0; i < 200 && atomic_exchange(&crash_writer, 1); i++)
        crash_pause(10);
    crash_line("signal\t%ld\t%d\n", thread, number);
    crash_frames(thread, context);
    crash_line("end\n");
    atomic_store(&crash_writer, 0);
}

static void crash_handler(int number, siginfo_t *info, void *context)
{
    crash_describe(number, info, context);
    signal(number, SIG_DFL);
    raise(number);
}

/* Asks every other thread for its stack too. */
static void crash_ask_threads(long self)
{
#ifdef __linux__
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
        long thread = atol(entry->d_name);
        if (thread > 0 && thread != self && syscall(SYS_tgkill, getpid(), (int)thread, SIGUSR2) == 0)
            crash_pause(20);
    }
    if (tasks)
        closedir(tasks);
#else
    (void)self;
#endif
}

static void crash_too_late(int number, siginfo_t *info, void *context)
{
    crash_describe(number, info, context);
    crash_ask_threads(crash_thread());
    crash_pause(50);
    _exit(124);
}

static void crash_install_one(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = flags | SA_SIGINFO;
    sigaction(number, &action, NULL);
}

static int tympan_crash_install(int pipe)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    void *warm[4];
    Dl_info info;
    stack_t stack = {.ss_sp = malloc(CRASH_STACK), .ss_size = CRASH_STACK};
    if (!stack.ss_sp || sigaltstack(&stack, NULL))
        return -1;
    crash_pipe = pipe;
    backtrace(warm, 4);
    dladdr(warm[0], &info);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        crash_install_one(deadly[i], crash_handler, SA_ONSTACK | SA_RESETHAND);
    crash_install_one(SIGALRM, crash_too_late, SA_ONSTACK);
    crash_install_one(SIGUSR2, crash_describe, 0);
    return 0;
}

#endif
