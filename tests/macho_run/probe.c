/*
 * Asks the C library what it does, and writes the answers down in words that are the same on Linux and macOS.
 *
 * Compiled for this machine and for macOS: the two texts must be equal, or the stand-ins for libSystem are wrong.
 * What goes to `type` says what to do: "answers", "trap", "flags".
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char text[8192];
static const char *folder;
/* Pointers that the loader fills in, and a variable that it sets: the compiler is to know nothing of them. */
static volatile int initialised;
static size_t (*volatile bound)(const char *) = strlen;
static const char *volatile rebased[] = {"one", "two", "three"};

__attribute__((constructor)) static void initialise(void) { initialised++; }

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list rest;
    size_t length = strlen(text);
    va_start(rest, format);
    vsnprintf(text + length, sizeof text - length, format, rest);
    va_end(rest);
}

static const char *in_folder(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* One number; the calls of a line after each other. */
static void is(const char *what, long value) { say("%s %ld\n", what, value); }

static void loading(void)
{
    Dl_info info;
    say("initialised %d, bound %zu, rebased %s %s\n", initialised, bound("four"), rebased[0], rebased[2]);
    is("dladdr", dladdr((void *)loading, &info));
    say("%s\n", strrchr(info.dli_fname, '/'));
    is("dlsym", dlsym(RTLD_DEFAULT, "strlen") != NULL);
    is("dlsym of nothing", dlsym(RTLD_DEFAULT, "no_such_thing") != NULL);
}

static void errors(void)
{
    int pipes[2];
    char byte;
    errno = 0;
    is("open", open(in_folder("missing"), O_RDONLY));
    is("ENOENT", errno == ENOENT);
    errno = EILSEQ;
    getpid();
    is("kept", errno == EILSEQ);
    is("rmdir", rmdir(folder));
    is("ENOTEMPTY", errno == ENOTEMPTY);
    is("pipe", pipe(pipes));
    is("flags", fcntl(pipes[0], F_GETFL) & O_NONBLOCK);
    is("set", fcntl(pipes[0], F_SETFL, O_NONBLOCK));
    is("got", (fcntl(pipes[0], F_GETFL) & O_NONBLOCK) != 0);
    if (fcntl(pipes[0], F_GETFL) & O_NONBLOCK)
        is("read", read(pipes[0], &byte, 1));
    is("EAGAIN", errno == EAGAIN);
    is("cloexec", fcntl(pipes[0], F_SETFD, FD_CLOEXEC));
    is("got", fcntl(pipes[0], F_GETFD));
    close(pipes[0]), close(pipes[1]);
    errno = 0;
    is("strtol", strtol("99999999999999999999", NULL, 10) > 0);
    is("ERANGE", errno == ERANGE);
    errno = 0;
    is("strtol", strtol("12", NULL, 10));
    is("nothing", errno);
    say("strerror %s\n", strerror(ENOTEMPTY));
    say("strerror %s\n", strerror(EAGAIN));
}

static void about(int result, const struct stat *got)
{
    is("stat", result);
    say("size %d, mode %o, links %d\n", (int)got->st_size, got->st_mode, (int)got->st_nlink);
    say("mine %d, recent %d\n", got->st_uid == getuid(), labs((long)(time(NULL) - got->st_mtime)) < 1000);
}

static void files(void)
{
    struct stat got, link;
    int file = open(in_folder("file"), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0640);
    is("write", write(file, "hello", 5));
    is("fstat", fstat(file, &got));
    about(0, &got);
    close(file);
    is("again", open(in_folder("file"), O_CREAT | O_EXCL | O_WRONLY, 0640));
    is("EEXIST", errno == EEXIST);
    file = open(in_folder("file"), O_WRONLY | O_APPEND);
    is("append", write(file, "!", 1));
    close(file);
    about(stat(in_folder("file"), &got), &got);
    about(lstat(in_folder("file"), &link), &link);
    is("the same", link.st_ino == got.st_ino);
    close(open(in_folder("file"), O_WRONLY | O_TRUNC));
    about(stat(in_folder("file"), &got), &got);
    is("stat of a folder", stat(folder, &got));
    is("folder", S_ISDIR(got.st_mode));
    is("not a folder", open(in_folder("file"), O_RDONLY | O_DIRECTORY));
    is("ENOTDIR", errno == ENOTDIR);
    is("unlink", unlink(in_folder("file")));
}

static void memory(void)
{
    unsigned char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    at[8191] = 7;
    say("mmap %d %d\n", at[0], at[8191]);
    is("munmap", munmap(at, 8192));
}

static void list(char *into, size_t size, const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    vsnprintf(into, size, format, rest);
    va_end(rest);
}

static void numbers(void)
{
    volatile double given = 0.7;
    double x = given; /* once: then sin and cos are one call there */
    volatile unsigned __int128 large = (unsigned __int128)1 << 100;
    char line[200];
    say("%d %s %.17g %c %ld %u %.3e %5.2f %lld %x %zu %g\n", -1, "text", 0.1, 'c', -5L, 7u, 1e100, 3.14159, 1ll << 60,
        0xBEEF, (size_t)9, 2.5);
    list(line, sizeof line, "%g %d %s %g %d %g %d %g %g %d %d %d", 1.5, 2, "three", 4.5, 5, 6.5, 7, 8.5, 9.5, 10, 11, 12);
    say("%s\n", line);
    is("sprintf", sprintf(line, "%d", 12345));
    say("sin %.17g cos %.17g log10 %.17g\n", sin(x), cos(x), log10(x));
    say("10^0.7 %.12g\n", pow(10, x));
    say("division %llu\n", (unsigned long long)(large / 1000000007));
}

static void characters(void)
{
    int sums[8] = {0};
    for (int c = 0; c < 128; c++) {
        sums[0] += isalpha(c) ? c : 0, sums[1] += isdigit(c) ? c : 0, sums[2] += isspace(c) ? c : 0;
        sums[3] += isupper(c) ? c : 0, sums[4] += ispunct(c) ? c : 0, sums[5] += isxdigit(c) ? c : 0;
        sums[6] += tolower(c), sums[7] += isalnum(c) ? c : 0;
    }
    for (int i = 0; i < 8; i++)
        is("characters", sums[i]);
    say("locale %s\n", setlocale(LC_CTYPE, NULL));
    say("codes %s\n", nl_langinfo(CODESET));
    is("stderr", fileno(stderr));
    is("fprintf", fprintf(stderr, "%s %g %d\n", "to stderr", 1.5, 2));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t first_key, key;
static int turns, runs;

static void run_once(void) { runs++; }

static void *thread(void *number)
{
    pthread_once(&once, run_once);
    pthread_setspecific(key, number);
    pthread_mutex_lock(&mutex);
    turns += (int)(intptr_t)pthread_getspecific(key);
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return number;
}

static void threads(void)
{
    pthread_t made[4];
    void *result = NULL;
    is("key", pthread_key_create(&first_key, NULL));
    is("key", pthread_key_create(&key, NULL));
    is("another", key != first_key);
    for (intptr_t i = 0; i < 4; i++)
        is("create", pthread_create(&made[i], NULL, thread, (void *)(i + 1)));
    pthread_mutex_lock(&mutex);
    while (turns < 10)
        pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 4; i++) {
        is("join", pthread_join(made[i], &result));
        is("result", (long)(intptr_t)result);
    }
    say("turns %d, once %d\n", turns, runs);
}

static void locks(void)
{
    pthread_mutex_t own;
    struct timespec until;
    is("init", pthread_mutex_init(&own, NULL));
    is("lock", pthread_mutex_lock(&own));
    is("EBUSY", pthread_mutex_trylock(&own) == EBUSY);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    until.tv_sec += until.tv_nsec / 1000000000, until.tv_nsec %= 1000000000;
    is("ETIMEDOUT", pthread_cond_timedwait(&condition, &own, &until) == ETIMEDOUT);
    is("unlock", pthread_mutex_unlock(&own));
    is("destroy", pthread_mutex_destroy(&own));
}

static volatile sig_atomic_t caught;

static void on_signal(int number) { caught = number; }

static void handlers(void)
{
    struct sigaction action = {0}, old;
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    is("sigaction", sigaction(SIGUSR1, &action, &old));
    is("SIG_DFL", old.sa_handler == SIG_DFL);
    is("raise", raise(SIGUSR1));
    is("caught", caught == SIGUSR1);
    is("sigaction", sigaction(SIGUSR1, NULL, &old));
    is("handler", old.sa_handler == on_signal);
    is("flags", (old.sa_flags & SA_RESTART) != 0);
    is("ignored unless caught", raise(SIGURG));
    is("no such signal", sigaction(99, &action, NULL));
    is("EINVAL", errno == EINVAL);
}

static void masks(void)
{
    sigset_t set, before;
    sigemptyset(&set), sigaddset(&set, SIGUSR1);
    caught = 0;
    is("block", pthread_sigmask(SIG_BLOCK, &set, &before));
    is("raise", raise(SIGUSR1));
    is("caught", caught);
    is("before", sigismember(&before, SIGUSR1));
    is("back", pthread_sigmask(SIG_SETMASK, &before, &set));
    is("was", sigismember(&set, SIGUSR1));
    is("caught", caught == SIGUSR1);
}

static void times(void)
{
    struct timespec first, second, real;
    struct timeval day;
    is("clock", clock_gettime(CLOCK_MONOTONIC, &first));
    usleep(1000);
    is("clock", clock_gettime(CLOCK_MONOTONIC, &second));
    is("later", second.tv_sec > first.tv_sec || second.tv_nsec >= first.tv_nsec + 1000000);
    is("real", clock_gettime(CLOCK_REALTIME, &real));
    is("day", gettimeofday(&day, NULL));
    is("same", labs((long)(real.tv_sec - day.tv_sec)) < 2);
    is("processor", clock_gettime(CLOCK_THREAD_CPUTIME_ID, &real));
    is("page", sysconf(_SC_PAGESIZE));
    is("processors", sysconf(_SC_NPROCESSORS_ONLN) > 0);
}

static void answers(void)
{
    loading(), errors(), files(), memory(), numbers(), characters();
    threads(), locks(), handlers(), masks(), times();
    say("environment %s\n", getenv("PROBE_WORD"));
}

__attribute__((visibility("default"))) void *TympanFactory(const void *allocator, const void *type)
{
    double load[3];
    (void)allocator;
    folder = getenv("PROBE_FOLDER");
    if (!strcmp(type, "answers"))
        answers();
    else if (!strcmp(type, "trap"))
        getloadavg(load, 3);
    else if (!strcmp(type, "flags"))
        mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | 0x800, -1, 0); /* MAP_JIT there */
    return text;
}
