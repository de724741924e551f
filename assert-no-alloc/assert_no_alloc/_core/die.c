/* Policy "abort": say what happened, then end the process. On the guarded
 * thread, its guard lifted; Python may be in any state, so it is not asked.
 * A child process symbolises; if that fails, the bare report has to do. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core.h"

extern char **environ;
char *ana_reporter[4]; /* command line of the child; [0] NULL: none */

static char text[16384];
static size_t length;

static void append(const char *format, ...) {
    va_list ap;
    int n;
    va_start(ap, format);
    n = vsnprintf(text + length, sizeof text - length, format, ap);
    va_end(ap);
    if (n > 0) length = length + (size_t)n < sizeof text ? length + (size_t)n : sizeof text - 1;
}

/* One line per fact, tabs between: what _report.py reads. */
static void write_facts(const ana_record *r) {
    append("%d\t%s\t%d\t%s\t%d\n", r->kind, r->function, r->thread_id, r->thread_name, r->section);
    for (int i = 0; i < r->frame_count; i++) {
        Dl_info info = {0};
        dladdr(r->frames[i], &info);
        append("%lx\t%lx\t%lx\t%s\t%s\n", (unsigned long)(uintptr_t)r->frames[i],
               (unsigned long)(uintptr_t)info.dli_fbase, (unsigned long)(uintptr_t)info.dli_saddr,
               info.dli_fname ? info.dli_fname : "", info.dli_sname ? info.dli_sname : "");
    }
}

static void put(int file, const char *p, size_t n) {
    while (n > 0) {
        ssize_t done = write(file, p, n);
        if (done <= 0) return;
        p += done;
        n -= (size_t)done;
    }
}

/* True when the child has written the report. */
static int child_reports(void) {
    posix_spawn_file_actions_t actions;
    int ends[2], status = -1;
    pid_t child;
    if (ana_reporter[0] == NULL || pipe(ends) != 0) return 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    if (posix_spawn(&child, ana_reporter[0], &actions, NULL, ana_reporter, environ) != 0) return 0;
    close(ends[0]);
    put(ends[1], text, length);
    close(ends[1]);
    while (waitpid(child, &status, 0) < 0) {}
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void ana_die(const ana_record *r) {
    static int dying;
    if (__atomic_exchange_n(&dying, 1, __ATOMIC_RELAXED))
        for (;;) pause(); /* another thread is writing its report */
    write_facts(r);
    if (!child_reports()) {
        static const char head[] = "assert_no_alloc: forbidden call in a guarded section (kind, function, thread; frames)\n";
        put(2, head, sizeof head - 1);
        put(2, text, length);
    }
    abort();
}
