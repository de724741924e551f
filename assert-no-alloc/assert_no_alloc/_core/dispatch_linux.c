/* Linux on x86-64: Syscall User Dispatch. While a guarded thread's `trap` is 1,
 * each of its system calls, whoever makes it, becomes a SIGSYS instead. The
 * handler keeps a record, makes the call itself and returns its result. Calls
 * that the vDSO answers never reach the kernel, and so never come here.
 *
 * Where the kernel or a sandbox refuses (before 5.11, gVisor, seccomp), traps
 * by name are all there is: ana_dispatch_reason says why. */
#if defined(__linux__) && defined(__x86_64__)
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "core.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define USER_DISPATCH_CODE 2 /* si_code of SYS_USER_DISPATCH */
#define KERNEL_RESTORER 0x04000000u

const char *ana_dispatch_reason = "not tried yet";
volatile uint8_t ana_dispatch_off;

/* The handler's way back is a system call itself, made with the guard on again;
 * the kernel lets this range through. Unwinders know these nine bytes by heart. */
extern char ana_return_begin[], ana_return_end[];
__asm__(
    ".text\n"
    ".balign 16\n"
    ".hidden ana_return_begin\n"
    ".hidden ana_return_end\n"
    ".globl ana_return_begin\n"
    ".globl ana_return_end\n"
    "ana_return_begin:\n"
    ".byte 0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05\n" /* mov $15, %rax; syscall */
    "ud2\n"
    "ana_return_end:\n");

struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void *restorer;
    unsigned long mask;
};
static struct kernel_sigaction previous;
static uintptr_t vdso_low, vdso_high;

static long raw_syscall(long n, const greg_t *g) {
    register long r10 __asm__("r10") = g[REG_R10];
    register long r8 __asm__("r8") = g[REG_R8];
    register long r9 __asm__("r9") = g[REG_R9];
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(n), "D"(g[REG_RDI]), "S"(g[REG_RSI]), "d"(g[REG_RDX]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Calls that only the caller can make: they need its stack, or end it. They
 * are repeated with the guard off, and it stays off until the next enter or leave. */
static int only_caller_can(long n) {
    return n == SYS_clone || n == SYS_clone3 || n == SYS_fork || n == SYS_vfork || n == SYS_execve ||
           n == SYS_execveat || n == SYS_exit || n == SYS_exit_group || n == SYS_rt_sigsuspend || n == SYS_sigaltstack;
}

/* What it set must survive the handler's return; without SIGSYS, or the next trap would kill. */
static void keep_signal_mask(ucontext_t *context) {
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &context->uc_sigmask, 8);
    sigdelset(&context->uc_sigmask, SIGSYS);
}

/* The vDSO asks the kernel when the machine's clock cannot be read directly:
 * the machine's affair, not the driver's. */
static int from_vdso(const greg_t *g) {
    return (uintptr_t)g[REG_RIP] >= vdso_low && (uintptr_t)g[REG_RIP] < vdso_high;
}

static void make_call(long n, ucontext_t *context) {
    greg_t *g = context->uc_mcontext.gregs;
    g[REG_RAX] = raw_syscall(n, g);
    if (n == SYS_rt_sigprocmask) keep_signal_mask(context);
}

/* Seccomp's, or somebody's kill: what would have happened without us. */
static void not_ours(int number, siginfo_t *info, void *context) {
    if ((uintptr_t)previous.handler > 1) {
        previous.handler(number, info, context);
    } else if (previous.handler == NULL) {
        signal(SIGSYS, SIG_DFL);
        raise(SIGSYS);
    }
}

/* On the guarded thread, on its own stack. Leaves errno alone. */
static void on_sigsys(int signal, siginfo_t *info, void *opaque) {
    ucontext_t *context = opaque;
    greg_t *g = context->uc_mcontext.gregs;
    long n = info->si_syscall;
    if (info->si_code != USER_DISPATCH_CODE) {
        not_ours(signal, info, opaque);
        return;
    }
    ana_me.trap = 0;
    if (n == SYS_rt_sigreturn) { /* another signal's handler, interrupting the section, is done */
        g[REG_RIP] = (greg_t)(uintptr_t)ana_return_begin;
        ana_update(&ana_me);
        return;
    }
    ana_me.permit++;
    if (!ana_dispatch_off && !from_vdso(g)) ana_record_violation(&ana_me, ana_syscall_kind(n), ana_syscall_name(n));
    if (only_caller_can(n)) {
        g[REG_RAX] = n;
        g[REG_RIP] -= 2; /* the syscall instruction */
        ana_me.permit--;
        return;
    }
    make_call(n, context);
    ana_untrap(NULL);
}

static void find_vdso(void) {
    const Elf64_Ehdr *h = (const void *)getauxval(AT_SYSINFO_EHDR);
    const Elf64_Phdr *p = h ? (const void *)((const char *)h + h->e_phoff) : NULL;
    for (int i = 0; h && i < h->e_phnum; i++)
        if (p[i].p_type == PT_LOAD) {
            vdso_low = (uintptr_t)h;
            vdso_high = vdso_low + p[i].p_vaddr + p[i].p_memsz;
        }
}

static int dispatch(int on, ana_thread *t) {
    if (!on) return prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0);
    return prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, ana_return_begin, ana_return_end - ana_return_begin, &t->trap);
}

/* Once per process, unguarded. */
void ana_dispatch_install(void) {
    struct kernel_sigaction ours = {on_sigsys, SA_SIGINFO | SA_NODEFER | KERNEL_RESTORER, ana_return_begin, 0};
    find_vdso();
    if (dispatch(1, &ana_me) != 0) {
        ana_dispatch_reason = errno == EINVAL   ? "the kernel has no Syscall User Dispatch (Linux 5.11 or newer)"
                              : errno == ENOSYS ? "the kernel does not know prctl"
                                                : "a sandbox refuses Syscall User Dispatch";
        return;
    }
    dispatch(0, &ana_me);
    ana_dispatch_reason = NULL;
    syscall(SYS_rt_sigaction, SIGSYS, &ours, &previous, 8);
}

/* Once per thread, unguarded. */
void ana_dispatch_prepare(ana_thread *t) {
    if (ana_dispatch_reason == NULL) dispatch(1, t);
}
#endif
