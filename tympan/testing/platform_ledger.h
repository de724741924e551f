/*
 * Problems: what a driver did that it must not do, as sentences; included once, by _platform.pyx.
 *
 * Written down, never acted on: the call that is wrong does nothing and answers 0, and the driver
 * goes on, so that one run finds many. The first PROBLEMS_KEPT are kept, all are counted.
 */

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEMS_KEPT 256u

/* Who called what: the function of ours, and the instruction after the driver's call. */
typedef struct tympan_call {
    const char *name;
    const void *site;
} tympan_call;

/* Only in the functions that drivers call: for a function inside, the site would be ours. */
#define CALL ((tympan_call){__func__, __builtin_return_address(0)})

static struct {
    pthread_mutex_t lock;
    tympan_trouble kept[PROBLEMS_KEPT];
    atomic_ullong count;
} problems = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Threads are numbered from 1 in the order in which they first call: unlike the system's ids, the same in every run. */
static unsigned thread_number(void)
{
    static atomic_uint threads;
    static _Thread_local unsigned number;
    if (!number)
        number = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
    return number;
}

void tympan_ledger_caller(const void *site, char *text, size_t size)
{
    Dl_info found;
    if (!site || !dladdr(site, &found) || !found.dli_fname) {
        snprintf(text, size, "unknown code");
        return;
    }
    const char *slash = strrchr(found.dli_fname, '/'), *file = slash ? slash + 1 : found.dli_fname;
    if (found.dli_sname)
        snprintf(text, size, "%s+%#zx in %s", found.dli_sname, (size_t)((char *)site - (char *)found.dli_saddr), file);
    else
        snprintf(text, size, "%s+%#zx", file, (size_t)((char *)site - (char *)found.dli_fbase));
}

/* `format` makes a sentence that begins with the name of the call. */
__attribute__((format(printf, 3, 4))) static void problem(int kind, tympan_call call, const char *format, ...)
{
    tympan_trouble trouble = {.kind = kind, .thread = thread_number()};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(trouble.text, sizeof trouble.text, format, arguments);
    va_end(arguments);
    snprintf(trouble.call, sizeof trouble.call, "%s", call.name);
    if (atomic_load(&problems.count) < PROBLEMS_KEPT)
        tympan_ledger_caller(call.site, trouble.caller, sizeof trouble.caller);
    pthread_mutex_lock(&problems.lock);
    uint64_t index = atomic_fetch_add(&problems.count, 1);
    if (index < PROBLEMS_KEPT)
        problems.kept[index] = trouble;
    pthread_mutex_unlock(&problems.lock);
}

void tympan_ledger_report(int kind, const char *call, const char *sentence)
{
    problem(kind, (tympan_call){call, NULL}, "%s", sentence);
}

int tympan_ledger_trouble(size_t index, tympan_trouble *trouble)
{
    pthread_mutex_lock(&problems.lock);
    int there = index < problems.count && index < PROBLEMS_KEPT;
    if (there)
        *trouble = problems.kept[index];
    pthread_mutex_unlock(&problems.lock);
    return there;
}

int tympan_ledger_problem(size_t index, char *text, size_t size)
{
    tympan_trouble trouble;
    int there = tympan_ledger_trouble(index, &trouble);
    if (there)
        snprintf(text, size, "%s", trouble.text);
    return there;
}

void tympan_ledger_clear_problems(void)
{
    pthread_mutex_lock(&problems.lock);
    problems.count = 0;
    pthread_mutex_unlock(&problems.lock);
}
