/* tympan_os_log of the platform library; included once, by _platform.pyx. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_KEPT 65536u

static struct {
    pthread_mutex_t lock;
    char *lines[LOG_KEPT]; /* line n is at n % LOG_KEPT */
    uint64_t count;
    int echo;
} tympan_log = {.lock = PTHREAD_MUTEX_INITIALIZER};

void tympan_os_log(const char *line)
{
    char *copy = strdup(line ? line : "(null)");
    pthread_mutex_lock(&tympan_log.lock);
    char **place = &tympan_log.lines[tympan_log.count++ % LOG_KEPT];
    free(*place);
    *place = copy;
    int echo = tympan_log.echo;
    pthread_mutex_unlock(&tympan_log.lock);
    if (echo && line)
        fprintf(stderr, "log: %s\n", line);
}

void tympan_log_echo(int to_stderr)
{
    pthread_mutex_lock(&tympan_log.lock);
    tympan_log.echo = to_stderr;
    pthread_mutex_unlock(&tympan_log.lock);
}

uint64_t tympan_log_count(void)
{
    pthread_mutex_lock(&tympan_log.lock);
    uint64_t count = tympan_log.count;
    pthread_mutex_unlock(&tympan_log.lock);
    return count;
}

int tympan_log_line(uint64_t index, char *text, size_t size)
{
    pthread_mutex_lock(&tympan_log.lock);
    uint64_t count = tympan_log.count;
    const char *line = index < count && count - index <= LOG_KEPT ? tympan_log.lines[index % LOG_KEPT] : NULL;
    if (line)
        snprintf(text, size, "%s", line);
    pthread_mutex_unlock(&tympan_log.lock);
    return line != NULL;
}
