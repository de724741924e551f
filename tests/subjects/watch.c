/*
 * Counts what the driver calls that may block, for the binary that build.watched() links
 * with --wrap: calls from the driver's own code only, whatever else the process does.
 */

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum watched { ALLOCATIONS, RELEASES, LOCKS, PRINTS, WATCHED };

static atomic_uint calls[WATCHED];

__attribute__((visibility("default"))) unsigned subject_calls(unsigned which)
{
    return which < WATCHED ? atomic_load(&calls[which]) : 0;
}

extern void *__real_malloc(size_t size);
extern void *__real_calloc(size_t count, size_t size);
extern void __real_free(void *memory);
extern int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
extern FILE *__real_fopen(const char *name, const char *mode);

void *__wrap_malloc(size_t size)
{
    atomic_fetch_add(&calls[ALLOCATIONS], 1);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    atomic_fetch_add(&calls[ALLOCATIONS], 1);
    return __real_calloc(count, size);
}

void __wrap_free(void *memory)
{
    atomic_fetch_add(&calls[RELEASES], memory != NULL);
    __real_free(memory);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    atomic_fetch_add(&calls[LOCKS], 1);
    return __real_pthread_mutex_lock(mutex);
}

FILE *__wrap_fopen(const char *name, const char *mode)
{
    atomic_fetch_add(&calls[PRINTS], 1);
    return __real_fopen(name, mode);
}

int __wrap_fprintf(FILE *file, const char *format, ...)
{
    va_list arguments;
    atomic_fetch_add(&calls[PRINTS], 1);
    va_start(arguments, format);
    int written = vfprintf(file, format, arguments);
    va_end(arguments);
    return written;
}
