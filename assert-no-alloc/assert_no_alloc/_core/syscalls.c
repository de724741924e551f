/* Names and kinds of the system calls of Linux on x86-64. */
#if defined(__linux__) && defined(__x86_64__)
#include <stddef.h>

#include "core.h"

static const struct {
    const char *name;
    int kind;
} calls[] = {
#define CALL(number, name, kind) [number] = {#name, ANA_##kind},
#include "syscalls_x86_64.inc"
#undef CALL
};

static int known(long n) { return n >= 0 && (size_t)n < sizeof calls / sizeof *calls && calls[n].name != NULL; }

/* Any thread; the text lives forever. */
const char *ana_syscall_name(long number) { return known(number) ? calls[number].name : "unknown system call"; }
int ana_syscall_kind(long number) { return known(number) ? calls[number].kind : ANA_SYSTEM_CALL; }
#endif
