/* One line for the log: the unified log on macOS, and what the simulated host
 * supplies in its place elsewhere; standard error where there is neither.
 * Control threads. */
#ifndef TYMPAN_LOG_H
#define TYMPAN_LOG_H

#include <dlfcn.h>
#include <stdio.h>

/* Weak: an extension module can be imported where nobody supplies it. */
extern void tympan_os_log(const char *line) __attribute__((weak));

typedef void (*ty_log_function)(const char *line);

static inline void ty_log_line(const char *line) {
    ty_log_function log = tympan_os_log;
    /* Supplied after this module was loaded: the simulated host may come later. */
    if (!log) log = (ty_log_function)dlsym(RTLD_DEFAULT, "tympan_os_log");
    if (log)
        log(line);
    else
        fprintf(stderr, "%s\n", line);
}

#endif
