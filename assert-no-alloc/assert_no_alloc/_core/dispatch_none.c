/* Systems whose kernel cannot hand a thread its own system calls back. */
#if !defined(__linux__) || !defined(__x86_64__)
#include "core.h"

const char *ana_dispatch_reason = "needs Linux on x86-64; calls of libc's functions are trapped by name";
volatile uint8_t ana_dispatch_off;

void ana_dispatch_install(void) {}
void ana_dispatch_prepare(ana_thread *t) { (void)t; }

int ana_syscall_kind(long number) {
    (void)number;
    return ANA_SYSTEM_CALL;
}

const char *ana_syscall_name(long number) {
    (void)number;
    return "syscall";
}
#endif
