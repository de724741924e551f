/* X(name): functions of libSystem that are the same in glibc, to the last argument and result; errno apart. */
#define PASSED(X)                                                                                             \
    X(abort) X(access) X(atan2) X(btowc) X(calloc) X(ceil) X(close) X(cos) X(dup2) X(exit) X(exp) X(floor)    \
    X(fmod) X(free) X(frexp) X(fsync) X(getcwd) X(getegid) X(getentropy) X(getenv) X(geteuid) X(getgid)       \
    X(getpid) X(getppid) X(gettimeofday) X(getuid) X(hypot) X(isatty) X(ldexp) X(localeconv) X(log) X(log10)  \
    X(lseek) X(malloc) X(mbrtowc) X(mbstowcs) X(memchr) X(memcmp) X(memcpy) X(memmove) X(memset) X(mkdir)     \
    X(modf) X(munmap) X(nanosleep) X(pipe) X(posix_memalign) X(pow) X(pread) X(pthread_attr_destroy)          \
    X(pthread_attr_init) X(pthread_attr_setstacksize) X(pthread_detach) X(pthread_exit)                       \
    X(pthread_getspecific) X(pthread_key_delete) X(pthread_self) X(pthread_setspecific) X(puts) X(pwrite)     \
    X(qsort) X(read) X(readlink) X(readv) X(realloc) X(rename) X(rint) X(rintf) X(rmdir) X(round)             \
    X(sched_yield) X(setenv) X(sin) X(strchr) X(strcmp) X(strcpy) X(strcspn) X(strlen) X(strncmp) X(strncpy)  \
    X(strrchr) X(strstr) X(strtol) X(strtoul) X(time) X(unlink) X(unsetenv) X(usleep) X(wcschr) X(wcscmp) X(wcscpy)   \
    X(wcslen) X(wcsncmp) X(wcsncpy) X(wcsrchr) X(wcstok) X(wcstol) X(wcstombs) X(wmemcmp) X(write) X(writev)  \
    X(__memcpy_chk) X(__memmove_chk) X(__strcpy_chk)
