/* One call of each function that is trapped by name, with arguments that do no
 * harm. TRAP(kind, symbol, statements): the statements may meet other traps too. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syslog.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

int __open_2(const char *, int), __open64_2(const char *, int), __poll_chk(struct pollfd *, nfds_t, int, size_t);
ssize_t __read_chk(int, void *, size_t, size_t);
int __printf_chk(int, const char *, ...), __fprintf_chk(FILE *, int, const char *, ...);
int __dprintf_chk(int, int, const char *, ...), __isoc99_scanf(const char *, ...);
int __isoc99_fscanf(FILE *, const char *, ...), __vprintf_chk(int, const char *, va_list);
int __vfprintf_chk(FILE *, int, const char *, va_list);
void __syslog_chk(int, int, const char *, ...);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static sem_t sem;
static mtx_t mtx;
static cnd_t cnd;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static once_flag flag = ONCE_FLAG_INIT;
static struct timespec past = {0, 1}, future;
static int null_file, other_file, sock;
static FILE *stream;
static char buffer[8192];
static const char *const missing = "/nonexistent/assert_no_alloc";
static char *const true_argv[] = {"true", NULL};

static void nothing(void) {}
static void on_alarm(int s) { (void)s; }
static void *thread_body(void *p) { return p; }
static int thrd_body(void *p) { return p != NULL; }
static int count(va_list ap, int (*f)(const char *, va_list), const char *s) { return f(s, ap); }
static int v(int which, const char *s, ...) {
    va_list ap;
    int r = 0;
    va_start(ap, s);
    if (which == 0) r = count(ap, vprintf, s);
    if (which == 1) r = vfprintf(stream, s, ap);
    if (which == 2) r = __vprintf_chk(1, s, ap);
    if (which == 3) r = __vfprintf_chk(stream, 1, s, ap);
    if (which == 4) vsyslog(LOG_DEBUG, s, ap);
    va_end(ap);
    return r;
}

void set_up(void) {
    pthread_spin_init(&spin, 0);
    pthread_barrier_init(&barrier, NULL, 1);
    sem_init(&sem, 0, 100);
    mtx_init(&mtx, mtx_timed);
    cnd_init(&cnd);
    null_file = open("/dev/null", O_RDWR);
    other_file = dup(null_file);
    sock = socket(AF_UNIX, SOCK_STREAM, 0);
    stream = fopen("/dev/null", "r+");
    clock_gettime(CLOCK_REALTIME, &future);
    future.tv_sec += 60;
    signal(SIGALRM, on_alarm);
}

#define TRAPS                                                                                       \
    TRAP(allocation, malloc, void *volatile p = malloc(10); free(p))                                \
    TRAP(allocation, calloc, void *volatile p = calloc(10, 10); free(p))                            \
    TRAP(allocation, realloc, void *volatile p = realloc(NULL, 10); free(p))                        \
    TRAP(allocation, reallocarray, void *volatile p = reallocarray(NULL, 10, 1); free(p))           \
    TRAP(allocation, free, void *volatile p = malloc(10); free(p))                                  \
    TRAP(allocation, posix_memalign, void *p; if (!posix_memalign(&p, 64, 64)) free(p))             \
    TRAP(allocation, aligned_alloc, void *volatile p = aligned_alloc(64, 64); free(p))              \
    TRAP(allocation, memalign, void *volatile p = memalign(64, 64); free(p))                        \
    TRAP(allocation, valloc, void *volatile p = valloc(64); free(p))                                \
    TRAP(allocation, pvalloc, void *volatile p = pvalloc(64); free(p))                              \
    TRAP(allocation, mmap, munmap(mmap(0, 4096, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096))      \
    TRAP(allocation, mmap64, munmap(mmap64(0, 4096, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096))  \
    TRAP(allocation, munmap, munmap(mmap(0, 4096, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096))    \
    TRAP(allocation, brk, brk(sbrk(0)))                                                             \
    TRAP(allocation, sbrk, sbrk(0))                                                                 \
    TRAP(lock, pthread_mutex_lock, pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex))        \
    TRAP(lock, pthread_mutex_unlock, pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex))      \
    TRAP(lock, pthread_mutex_trylock, pthread_mutex_trylock(&mutex); pthread_mutex_unlock(&mutex))  \
    TRAP(lock, pthread_mutex_timedlock, pthread_mutex_timedlock(&mutex, &future); pthread_mutex_unlock(&mutex)) \
    TRAP(lock, pthread_mutex_clocklock, pthread_mutex_clocklock(&mutex, CLOCK_REALTIME, &future);   \
         pthread_mutex_unlock(&mutex))                                                              \
    TRAP(lock, pthread_rwlock_rdlock, pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock)) \
    TRAP(lock, pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock(&rwlock); pthread_rwlock_unlock(&rwlock)) \
    TRAP(lock, pthread_rwlock_timedrdlock, pthread_rwlock_timedrdlock(&rwlock, &future);            \
         pthread_rwlock_unlock(&rwlock))                                                            \
    TRAP(lock, pthread_rwlock_wrlock, pthread_rwlock_wrlock(&rwlock); pthread_rwlock_unlock(&rwlock)) \
    TRAP(lock, pthread_rwlock_trywrlock, pthread_rwlock_trywrlock(&rwlock); pthread_rwlock_unlock(&rwlock)) \
    TRAP(lock, pthread_rwlock_timedwrlock, pthread_rwlock_timedwrlock(&rwlock, &future);            \
         pthread_rwlock_unlock(&rwlock))                                                            \
    TRAP(lock, pthread_rwlock_unlock, pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock)) \
    TRAP(lock, pthread_cond_wait, pthread_t t; pthread_mutex_lock(&mutex);                          \
         pthread_create(&t, NULL, signaller, NULL); while (!signalled) pthread_cond_wait(&cond, &mutex);           \
         signalled = 0; pthread_mutex_unlock(&mutex); pthread_join(t, NULL))                        \
    TRAP(lock, pthread_cond_timedwait, pthread_mutex_lock(&mutex);                                  \
         pthread_cond_timedwait(&cond, &mutex, &past); pthread_mutex_unlock(&mutex))                \
    TRAP(lock, pthread_cond_clockwait, pthread_mutex_lock(&mutex);                                  \
         pthread_cond_clockwait(&cond, &mutex, CLOCK_REALTIME, &past); pthread_mutex_unlock(&mutex)) \
    TRAP(lock, pthread_cond_signal, pthread_cond_signal(&cond))                                     \
    TRAP(lock, pthread_cond_broadcast, pthread_cond_broadcast(&cond))                               \
    TRAP(lock, pthread_barrier_wait, pthread_barrier_wait(&barrier))                                \
    TRAP(lock, pthread_spin_lock, pthread_spin_lock(&spin); pthread_spin_unlock(&spin))             \
    TRAP(lock, pthread_spin_trylock, pthread_spin_trylock(&spin); pthread_spin_unlock(&spin))       \
    TRAP(lock, pthread_spin_unlock, pthread_spin_lock(&spin); pthread_spin_unlock(&spin))           \
    TRAP(lock, pthread_once, pthread_once(&once, nothing))                                          \
    TRAP(lock, sem_wait, sem_wait(&sem))                                                            \
    TRAP(lock, sem_trywait, sem_trywait(&sem))                                                      \
    TRAP(lock, sem_timedwait, sem_timedwait(&sem, &future))                                         \
    TRAP(lock, sem_clockwait, sem_clockwait(&sem, CLOCK_REALTIME, &future))                         \
    TRAP(lock, sem_post, sem_post(&sem))                                                            \
    TRAP(lock, mtx_lock, mtx_lock(&mtx); mtx_unlock(&mtx))                                          \
    TRAP(lock, mtx_trylock, mtx_trylock(&mtx); mtx_unlock(&mtx))                                    \
    TRAP(lock, mtx_timedlock, mtx_timedlock(&mtx, &future); mtx_unlock(&mtx))                       \
    TRAP(lock, mtx_unlock, mtx_lock(&mtx); mtx_unlock(&mtx))                                        \
    TRAP(lock, cnd_wait, thrd_t t; mtx_lock(&mtx);                                                  \
         thrd_create(&t, cnd_signaller, NULL); while (!signalled) cnd_wait(&cnd, &mtx);                                   \
         signalled = 0; mtx_unlock(&mtx); thrd_join(t, NULL))                                       \
    TRAP(lock, cnd_timedwait, mtx_lock(&mtx); cnd_timedwait(&cnd, &mtx, &past); mtx_unlock(&mtx))   \
    TRAP(lock, cnd_signal, cnd_signal(&cnd))                                                        \
    TRAP(lock, cnd_broadcast, cnd_broadcast(&cnd))                                                  \
    TRAP(lock, call_once, call_once(&flag, nothing))                                                \
    TRAP(lock, rand, rand())                                                                        \
    TRAP(lock, srand, srand(1))                                                                     \
    TRAP(lock, random, random())                                                                    \
    TRAP(lock, srandom, srandom(1))                                                                 \
    TRAP(lock, localtime, localtime(&future.tv_sec))                                                \
    TRAP(lock, localtime_r, struct tm tm; localtime_r(&future.tv_sec, &tm))                         \
    TRAP(lock, gmtime, gmtime(&future.tv_sec))                                                      \
    TRAP(lock, gmtime_r, struct tm tm; gmtime_r(&future.tv_sec, &tm))                               \
    TRAP(lock, mktime, struct tm tm = {0}; tm.tm_mday = 1; mktime(&tm))                             \
    TRAP(lock, strftime, struct tm tm = {0}; strftime(buffer, 99, "%Y", &tm))                       \
    TRAP(lock, tzset, tzset())                                                                      \
    TRAP(lock, setlocale, setlocale(LC_ALL, NULL))                                                  \
    TRAP(lock, setenv, setenv("ASSERT_NO_ALLOC_TEST", "1", 1))                                      \
    TRAP(lock, unsetenv, unsetenv("ASSERT_NO_ALLOC_TEST"))                                          \
    TRAP(wait, nanosleep, nanosleep(&past, NULL))                                                   \
    TRAP(wait, clock_nanosleep, clock_nanosleep(CLOCK_MONOTONIC, 0, &past, NULL))                   \
    TRAP(wait, usleep, usleep(1))                                                                   \
    TRAP(wait, sleep, sleep(0))                                                                     \
    TRAP(wait, thrd_sleep, thrd_sleep(&past, NULL))                                                 \
    TRAP(wait, sched_yield, sched_yield())                                                          \
    TRAP(wait, thrd_yield, thrd_yield())                                                            \
    TRAP(wait, poll, poll(NULL, 0, 0))                                                              \
    TRAP(wait, ppoll, ppoll(NULL, 0, &past, NULL))                                                  \
    TRAP(wait, __poll_chk, __poll_chk(NULL, 0, 0, 0))                                               \
    TRAP(wait, select, struct timeval t = {0, 1}; select(0, NULL, NULL, NULL, &t))                  \
    TRAP(wait, pselect, pselect(0, NULL, NULL, NULL, &past, NULL))                                  \
    TRAP(wait, epoll_wait, struct epoll_event e; epoll_wait(-1, &e, 1, 0))                          \
    TRAP(wait, epoll_pwait, struct epoll_event e; epoll_pwait(-1, &e, 1, 0, NULL))                  \
    TRAP(wait, pause, struct itimerval on = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};         \
         setitimer(ITIMER_REAL, &on, NULL); pause(); setitimer(ITIMER_REAL, &off, NULL))            \
    TRAP(wait, sigwait, sigset_t s; int n; sigemptyset(&s); sigaddset(&s, SIGALRM);                 \
         pthread_sigmask(SIG_BLOCK, &s, NULL); raise(SIGALRM); sigwait(&s, &n);                     \
         pthread_sigmask(SIG_UNBLOCK, &s, NULL))                                                    \
    TRAP(wait, wait, wait(NULL))                                                                    \
    TRAP(wait, waitpid, waitpid(-1, NULL, WNOHANG))                                                 \
    TRAP(io, open, close(open("/dev/null", O_RDONLY)))                                              \
    TRAP(io, open64, close(open64("/dev/null", O_RDONLY)))                                          \
    TRAP(io, openat, close(openat(AT_FDCWD, "/dev/null", O_RDONLY)))                                \
    TRAP(io, openat64, close(openat64(AT_FDCWD, "/dev/null", O_RDONLY)))                            \
    TRAP(io, __open_2, close(__open_2("/dev/null", O_RDONLY)))                                      \
    TRAP(io, __open64_2, close(__open64_2("/dev/null", O_RDONLY)))                                  \
    TRAP(io, creat, creat(missing, 0600))                                                           \
    TRAP(io, close, close(-1))                                                                      \
    TRAP(io, read, read(null_file, buffer, 1))                                                      \
    TRAP(io, __read_chk, __read_chk(null_file, buffer, 1, 1))                                       \
    TRAP(io, write, write(null_file, "x", 1))                                                       \
    TRAP(io, readv, struct iovec i = {buffer, 1}; readv(null_file, &i, 1))                          \
    TRAP(io, writev, struct iovec i = {buffer, 1}; writev(null_file, &i, 1))                        \
    TRAP(io, pread, pread(null_file, buffer, 1, 0))                                                 \
    TRAP(io, pread64, pread64(null_file, buffer, 1, 0))                                             \
    TRAP(io, pwrite, pwrite(null_file, buffer, 1, 0))                                               \
    TRAP(io, pwrite64, pwrite64(null_file, buffer, 1, 0))                                           \
    TRAP(io, fsync, fsync(null_file))                                                               \
    TRAP(io, pipe, int d[2]; if (!pipe(d)) close(d[0]), close(d[1]))                                \
    TRAP(io, dup, close(dup(null_file)))                                                            \
    TRAP(io, dup2, dup2(null_file, other_file))                                                     \
    TRAP(io, fcntl, fcntl(null_file, F_GETFD))                                                      \
    TRAP(io, fcntl64, fcntl64(null_file, F_GETFD))                                                  \
    TRAP(io, ioctl, int n; ioctl(null_file, FIONREAD, &n))                                          \
    TRAP(io, stat, struct stat s; stat("/", &s))                                                    \
    TRAP(io, fstat, struct stat s; fstat(null_file, &s))                                            \
    TRAP(io, access, access("/", R_OK))                                                             \
    TRAP(io, unlink, unlink(missing))                                                               \
    TRAP(io, rename, rename(missing, missing))                                                      \
    TRAP(io, mkdir, mkdir(missing, 0700))                                                           \
    TRAP(io, opendir, DIR *d = opendir("/"); if (d) closedir(d))                                    \
    TRAP(io, fopen, fclose(fopen("/dev/null", "r")))                                                \
    TRAP(io, fopen64, fclose(fopen64("/dev/null", "r")))                                            \
    TRAP(io, fdopen, fclose(fdopen(dup(null_file), "r")))                                           \
    TRAP(io, freopen, FILE *f = fopen("/dev/null", "r"); fclose(freopen("/dev/null", "r", f)))      \
    TRAP(io, tmpfile, FILE *f = tmpfile(); if (f) fclose(f))                                        \
    TRAP(io, fclose, fclose(fopen("/dev/null", "r")))                                               \
    TRAP(io, fflush, fflush(stream))                                                                \
    TRAP(io, fread, fread(buffer, 1, 1, stream))                                                    \
    TRAP(io, fwrite, fwrite(buffer, 1, 1, stream))                                                  \
    TRAP(io, fseek, fseek(stream, 0, SEEK_SET))                                                     \
    TRAP(io, fgetc, (fgetc)(stream))                                                                \
    TRAP(io, getc, (getc)(stream))                                                                  \
    TRAP(io, getchar, (getchar)())                                                                  \
    TRAP(io, fgets, fgets(buffer, 9, stream))                                                       \
    TRAP(io, getline, char *l = NULL; size_t n = 0; getline(&l, &n, stream); free(l))               \
    TRAP(io, getdelim, char *l = NULL; size_t n = 0; getdelim(&l, &n, '\n', stream); free(l))       \
    TRAP(io, __getdelim, char *l = NULL; size_t n = 0; __getdelim(&l, &n, '\n', stream); free(l))   \
    TRAP(io, __uflow, __uflow(stream))                                                                \
    TRAP(io, __overflow, __overflow(stream, 'x'))                                                     \
    TRAP(io, fputc, (fputc)('x', stream))                                                           \
    TRAP(io, putc, (putc)('x', stream))                                                             \
    TRAP(io, putchar, (putchar)('x'))                                                               \
    TRAP(io, fputs, fputs("x", stream))                                                             \
    TRAP(io, puts, puts("x"))                                                                       \
    TRAP(io, perror, perror("x"))                                                                   \
    TRAP(io, printf, printf("%d %s %f\n", 1, "x", 2.0))                                             \
    TRAP(io, fprintf, fprintf(stream, "%d\n", 1))                                                   \
    TRAP(io, dprintf, dprintf(null_file, "%d\n", 1))                                                \
    TRAP(io, scanf, int n; old_scanf("%d", &n))                                                     \
    TRAP(io, __isoc99_scanf, int n; __isoc99_scanf("%d", &n))                                       \
    TRAP(io, fscanf, int n; old_fscanf(stream, "%d", &n))                                           \
    TRAP(io, __isoc99_fscanf, int n; __isoc99_fscanf(stream, "%d", &n))                             \
    TRAP(io, __printf_chk, __printf_chk(1, "%d\n", 1))                                              \
    TRAP(io, __fprintf_chk, __fprintf_chk(stream, 1, "%d\n", 1))                                    \
    TRAP(io, __dprintf_chk, __dprintf_chk(null_file, 1, "%d\n", 1))                                 \
    TRAP(io, vprintf, v(0, "x\n"))                                                                  \
    TRAP(io, vfprintf, v(1, "x\n"))                                                                 \
    TRAP(io, __vprintf_chk, v(2, "x\n"))                                                            \
    TRAP(io, __vfprintf_chk, v(3, "x\n"))                                                           \
    TRAP(io, syslog, syslog(LOG_DEBUG, "x"))                                                        \
    TRAP(io, __syslog_chk, __syslog_chk(LOG_DEBUG, 1, "x"))                                         \
    TRAP(io, vsyslog, v(4, "x"))                                                                    \
    TRAP(io, socket, close(socket(AF_UNIX, SOCK_STREAM, 0)))                                        \
    TRAP(io, socketpair, int d[2]; if (!socketpair(AF_UNIX, SOCK_STREAM, 0, d)) close(d[0]), close(d[1])) \
    TRAP(io, connect, connect(-1, NULL, 0))                                                         \
    TRAP(io, bind, bind(-1, NULL, 0))                                                               \
    TRAP(io, listen, listen(-1, 0))                                                                 \
    TRAP(io, accept, accept(-1, NULL, NULL))                                                        \
    TRAP(io, send, send(sock, "x", 1, MSG_NOSIGNAL))                                                \
    TRAP(io, sendto, sendto(sock, "x", 1, MSG_NOSIGNAL, NULL, 0))                                   \
    TRAP(io, sendmsg, struct msghdr m = {0}; sendmsg(sock, &m, MSG_NOSIGNAL))                       \
    TRAP(io, recv, recv(sock, buffer, 1, MSG_DONTWAIT))                                             \
    TRAP(io, recvfrom, recvfrom(sock, buffer, 1, MSG_DONTWAIT, NULL, NULL))                         \
    TRAP(io, recvmsg, struct msghdr m = {0}; recvmsg(sock, &m, MSG_DONTWAIT))                       \
    TRAP(io, getaddrinfo, struct addrinfo *a; if (!getaddrinfo("127.0.0.1", NULL, NULL, &a)) freeaddrinfo(a)) \
    TRAP(thread, pthread_create, pthread_t t; pthread_create(&t, NULL, thread_body, NULL); pthread_join(t, NULL)) \
    TRAP(thread, pthread_join, pthread_t t; pthread_create(&t, NULL, thread_body, NULL); pthread_join(t, NULL)) \
    TRAP(thread, thrd_create, thrd_t t; thrd_create(&t, thrd_body, NULL); thrd_join(t, NULL))       \
    TRAP(thread, thrd_join, thrd_t t; thrd_create(&t, thrd_body, NULL); thrd_join(t, NULL))         \
    TRAP(thread, fork, pid_t p = fork(); if (!p) _exit(0); waitpid(p, NULL, 0))                     \
    TRAP(thread, system, system("true"))                                                            \
    TRAP(thread, popen, FILE *f = popen("true", "r"); if (f) pclose(f))                             \
    TRAP(thread, posix_spawn, pid_t p; if (!posix_spawn(&p, "/bin/true", NULL, NULL, true_argv, environ)) waitpid(p, NULL, 0)) \
    TRAP(thread, posix_spawnp, pid_t p; if (!posix_spawnp(&p, "true", NULL, NULL, true_argv, environ)) waitpid(p, NULL, 0)) \
    TRAP(system call, mprotect, mprotect(NULL, 0, 0))                                               \
    TRAP(system call, madvise, madvise(NULL, 0, MADV_NORMAL))                                       \
    TRAP(system call, mlock, mlock(buffer, 1); munlock(buffer, 1))                                  \
    TRAP(system call, munlock, munlock(buffer, 1))                                                  \
    TRAP(system call, raise, raise(SIGALRM))                                                        \
    TRAP(system call, kill, kill(getpid(), 0))                                                      \
    TRAP(system call, pthread_kill, pthread_kill(pthread_self(), 0))                                \
    TRAP(system call, getrandom, getrandom(buffer, 1, 0))                                           \
    TRAP(system call, getentropy, getentropy(buffer, 1))                                            \
    TRAP(system call, pthread_sigmask, sigset_t s; pthread_sigmask(SIG_BLOCK, NULL, &s))            \
    TRAP(system call, sigprocmask, sigset_t s; sigprocmask(SIG_BLOCK, NULL, &s))

/* What <stdio.h> hides behind the newer names. */
int old_scanf(const char *, ...) __asm__("scanf");
int old_fscanf(FILE *, const char *, ...) __asm__("fscanf");

static volatile int signalled;
static void *signaller(void *p) {
    pthread_mutex_lock(&mutex);
    signalled = 1;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&mutex);
    return p;
}
static int cnd_signaller(void *p) {
    mtx_lock(&mtx);
    signalled = 1;
    cnd_signal(&cnd);
    mtx_unlock(&mtx);
    return p != NULL;
}

#define TRAP(kind, symbol, ...) \
    static void trap_##symbol(void) { __VA_ARGS__; }
TRAPS
#undef TRAP

#define TRAP(kind, symbol, ...) {#kind, #symbol, trap_##symbol},
static const struct {
    const char *kind, *symbol;
    void (*run)(void);
} traps[] = {TRAPS};

int trap_count(void) { return (int)(sizeof traps / sizeof *traps); }
const char *trap_kind(int i) { return traps[i].kind; }
const char *trap_symbol(int i) { return traps[i].symbol; }
void trap_run(int i) { traps[i].run(); }
