/*
 * An answer for every import: glibc's own function, one of ours, the platform library's, or a trap that says its name.
 *
 * The platform library (CoreFoundation, libdispatch, Mach's clock) is whatever the host has made visible, as for an
 * ELF bundle. PLATFORM(X), the functions that a bundle may take of it, comes from bundle/macho/stubs.
 */

#ifndef MACHO_SYSTEM_H
#define MACHO_SYSTEM_H

#include <dlfcn.h>

#include "files.h"
#include "output.h"
#include "passed.h"
#include "platform_names.h"
#include "threads.h"

#define MISSING(name) extern void mac_pass_##name(void) __attribute__((visibility("hidden")));
#define WEAK(name)                     \
    extern char name[] __attribute__((weak)); \
    MISSING(name)
PASSED(MISSING)
PASSED(THUNK)
PLATFORM(WEAK)
PLATFORM(THUNK)

static macho_image image;
static const char *binary; /* where the slice says that it is */

/* ---- the loader's own interface ---- */

static int mac_dladdr(const void *address, Dl_info *info)
{
    if (!macho_inside(&image, address))
        return dladdr(address, info);
    *info = (Dl_info){.dli_fname = binary, .dli_fbase = image.base};
    return 1;
}

static void *mac_dlsym(void *handle, const char *name)
{
    if (handle != (void *)-2) /* RTLD_DEFAULT */
        macho_wrong("dlsym of %s in a library of its own", name);
    return dlsym(RTLD_DEFAULT, name);
}

static int mac_executable(char *into, uint32_t *size)
{
    ssize_t length = readlink("/proc/self/exe", into, *size - 1);
    if (length < 0)
        return -1;
    into[length] = 0;
    return 0;
}

/* Of what os_log makes of "%{public}s": two bytes of header, a type, a size, and a pointer. */
extern void tympan_os_log(const char *line) __attribute__((weak));
static char os_log_default;

static void mac_os_log(const void *header, void *log, uint8_t type, const char *format, uint8_t *data, uint32_t size)
{
    const char *line;
    (void)header, (void)log, (void)type;
    if (strcmp(format, "%{public}s") || size != 12 || data[1] != 1 || data[2] != 0x22 || data[3] != 8)
        macho_wrong("os_log with the format %s, which is not known here", format);
    memcpy(&line, data + 4, sizeof line);
    if (tympan_os_log)
        tympan_os_log(line);
    else
        fprintf(stderr, "%s\n", line);
}

/* ---- the table ---- */

typedef struct {
    const char *name;
    void *answer, *present; /* present NULL: nobody supplies it */
} answer;

#define PASS_ROW(name) {"_" #name, mac_pass_##name, mac_pass_##name},
#define PLATFORM_ROW(name) {"_" #name, mac_pass_##name, name},
#define OWN(name, function) {"_" name, (void *)function, (void *)function}

extern char **environ;

static const answer answers[] = {
    PASSED(PASS_ROW)
    PLATFORM(PLATFORM_ROW)
    OWN("__error", mac_error), OWN("strerror", mac_strerror),
    OWN("open", mac_open), OWN("openat", mac_openat), OWN("fcntl", mac_fcntl), OWN("ioctl", mac_ioctl),
    OWN("mmap", mac_mmap), OWN("realpath$DARWIN_EXTSN", mac_realpath),
    OWN("stat", mac_stat), OWN("lstat", mac_lstat), OWN("fstat", mac_fstat),
    OWN("stat$INODE64", mac_stat), OWN("lstat$INODE64", mac_lstat), OWN("fstat$INODE64", mac_fstat),
    OWN("pthread_mutex_init", mac_mutex_init), OWN("pthread_mutex_destroy", mac_mutex_destroy),
    OWN("pthread_mutex_lock", mac_mutex_lock), OWN("pthread_mutex_trylock", mac_mutex_trylock),
    OWN("pthread_mutex_unlock", mac_mutex_unlock), OWN("pthread_cond_init", mac_cond_init),
    OWN("pthread_cond_destroy", mac_cond_destroy), OWN("pthread_cond_signal", mac_cond_signal),
    OWN("pthread_cond_broadcast", mac_cond_broadcast), OWN("pthread_cond_wait", mac_cond_wait),
    OWN("pthread_cond_timedwait", mac_cond_timedwait), OWN("pthread_once", mac_once),
    OWN("pthread_create", mac_create), OWN("pthread_join", mac_join), OWN("pthread_key_create", mac_key_create),
    OWN("pthread_threadid_np", mac_threadid), OWN("pthread_sigmask", mac_sigmask), OWN("sigaction", mac_sigaction),
    OWN("raise", mac_raise), OWN("clock_gettime", mac_clock_gettime), OWN("clock_getres", mac_clock_getres),
    OWN("__stdinp", &apple_stdin), OWN("__stdoutp", &apple_stdout), OWN("__stderrp", &apple_stderr),
    OWN("fflush", mac_fflush), OWN("fputs", mac_fputs), OWN("fputc", mac_fputc), OWN("fwrite", mac_fwrite),
    OWN("ferror", mac_ferror), OWN("fileno", mac_fileno), OWN("clearerr", mac_clearerr),
    OWN("fprintf", mac_fprintf), OWN("vfprintf", mac_vfprintf), OWN("printf", mac_printf),
    OWN("sprintf", mac_sprintf), OWN("snprintf", mac_snprintf), OWN("vsnprintf", mac_vsnprintf),
    OWN("__sprintf_chk", mac_sprintf_chk), OWN("_DefaultRuneLocale", &rune_locale), OWN("__tolower", mac_tolower),
    OWN("setlocale", mac_setlocale), OWN("nl_langinfo", mac_langinfo), OWN("sysconf", mac_sysconf),
    OWN("__sincos_stret", mac_sincos), OWN("__exp10", mac_exp10), OWN("__bzero", mac_bzero), OWN("bzero", mac_bzero),
    OWN("__udivti3", mac_udivti3), OWN("memset_pattern16", mac_pattern16), OWN("environ", &environ),
    OWN("_exit", _exit), OWN("dladdr", mac_dladdr), OWN("dlsym", mac_dlsym),
    OWN("_NSGetExecutablePath", mac_executable), OWN("_os_log_impl", mac_os_log),
    OWN("_os_log_default", &os_log_default),
};

/* ---- traps ---- */

__attribute__((noreturn)) static void trapped(const char *name)
{
    macho_wrong("the slice called %s, for which there is no answer here (tests/macho_run)", name + 1);
}

/* A few instructions that call trapped(name); a page holds many. */
static void *trap_for(const char *name)
{
    enum { SIZE = 32, ROOM = 1 << 16 };
    static unsigned char *next, *end;
#if defined(__x86_64__)
    unsigned char code[SIZE] = {0x48, 0xBF, 0, 0, 0, 0, 0, 0, 0, 0, 0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xE0};
    enum { NAME_AT = 2, TRAP_AT = 12 }; /* movabs name, %rdi; movabs trapped, %rax; jmp *%rax */
#else
    unsigned char code[SIZE] = {0x80, 0, 0, 0x58, 0xA1, 0, 0, 0x58, 0x20, 0, 0x1F, 0xD6};
    enum { NAME_AT = 16, TRAP_AT = 24 }; /* ldr x0, 16; ldr x1, 20 from here; br x1 */
#endif
    void (*trap)(const char *) = trapped;
    if (next == end) {
        next = mmap(NULL, ROOM, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (next == MAP_FAILED)
            macho_wrong("there is no memory for traps");
        end = next + ROOM;
    }
    memcpy(code + NAME_AT, &name, 8);
    memcpy(code + TRAP_AT, &trap, 8);
    memcpy(next, code, SIZE);
    __builtin___clear_cache((char *)next, (char *)next + SIZE);
    next += SIZE;
    return next - SIZE;
}

static void *answer_for(const char *name)
{
    void *found;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (!strcmp(answers[i].name, name))
            return answers[i].present ? answers[i].answer : trap_for(name);
    if (!strncmp(name, "_kCF", 4) && (found = dlsym(RTLD_DEFAULT, name + 1))) /* variables */
        return found;
    return trap_for(name);
}

#endif
