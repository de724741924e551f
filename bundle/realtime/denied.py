"""What is known of functions that IO code must not call: a pattern, what they do, and what to do instead."""

import re

ALLOCATES = "allocates memory"
FREES = "frees memory"
LOCKS = "takes a lock"
WAITS = "waits"
FILES = "reads or writes a file or a terminal"
INTERPRETER = "enters the Python interpreter"

PREPARE = "Allocate in initialize or start_io, release in stop_io."
ATOMICS = "Hand values over with atomics or a lock-free ring."
NO_OUTPUT = "Hand a record to the control side through a lock-free ring, and write it there."
NO_PYTHON = "Use C types only, and declare every helper `noexcept nogil`."

#: First match counts.
_ROWS = (
    (r"_?Py[A-Z_]\w*|_Py[a-z]\w*", INTERPRETER, NO_PYTHON),
    (
        r"malloc|calloc|posix_memalign|aligned_alloc|memalign|valloc|pvalloc|strn?dup|v?asprintf|getline",
        ALLOCATES,
        PREPARE,
    ),
    (r"realloc|reallocarray|reallocf", "allocates and frees memory", PREPARE),
    (r"free|cfree|malloc_zone_\w+", FREES, PREPARE),
    (r"_Zn[wa]\w*", ALLOCATES, PREPARE),
    (r"_Zd[la]\w*", FREES, PREPARE),
    (
        r"__cxa_guard_\w+",
        "takes a lock, because a static variable is initialised on first use",
        "Initialise it in start_io.",
    ),
    (
        r"__cxa_(throw|rethrow|allocate_exception|begin_catch)|_Unwind_\w+|_ZSt\d+__throw\w+",
        "throws a C++ exception",
        "",
    ),
    (r"__tls_get_addr|_tlv_bootstrap", "may allocate a thread-local variable on first use", PREPARE),
    (r"pthread_(mutex|rwlock|spin)_\w+|os_unfair_lock_\w+|OSSpinLock\w+|mtx_\w+|flockfile|funlockfile", LOCKS, ATOMICS),
    (r"__atomic_\w+", "may take a lock, for an atomic operation that the processor lacks", ATOMICS),
    (
        r"pthread_cond_\w+|cnd_\w+|sem_(?:wait|timedwait|clockwait)|dispatch_semaphore_\w+|semaphore_\w+|pthread_join|pthread_barrier_\w+",
        WAITS,
        ATOMICS,
    ),
    (r"sem_\w+", "makes a system call when a thread waits", ATOMICS),
    (r"pthread_once|dispatch_once\w*|call_once", "waits until another thread has run something once", ATOMICS),
    (
        r"sleep|usleep|nanosleep|clock_nanosleep|mach_wait_until|sched_yield|pthread_yield\w*|thrd_\w+|poll|select|kevent\w*|epoll_\w+",
        WAITS,
        "",
    ),
    (
        r"pthread_create\w*|fork|vfork|posix_spawn\w*|system|popen|exec\w+",
        "starts a thread or a process",
        "Start it in start_io.",
    ),
    (r"dispatch_\w+", "allocates and takes a lock inside libdispatch", ATOMICS),
    (
        r"v?f?n?w?printf(_chk)?|__v?s?n?f?printf_chk|v?s?n?w?printf|puts|fputs|fputc|putc\w*|putchar\w*|fwrite|perror",
        FILES,
        NO_OUTPUT,
    ),
    (r"v?syslog|os_log\w*|_os_log\w*|asl_\w+|NSLog|tympan_os_log", "writes to the log", NO_OUTPUT),
    (
        r"open(64|at|at64)?|creat(64)?|fopen(64)?|fdopen|fclose|close|p?read(v|64)?|p?write(v|64)?|fread|fgets|fgetc|getc\w*|fflush|ioctl|fcntl(64)?|l?f?stat(64)?|access|unlink|rename",
        FILES,
        PREPARE,
    ),
    (r"mmap(64)?|munmap|mremap|mprotect|madvise|mlock\w*|munlock\w*|s?brk", "changes the memory map", PREPARE),
    (
        r"socket|connect|accept\d?|bind|listen|send(to|msg)?|recv(from|msg)?|getaddrinfo|gethostby\w+",
        "uses the network",
        "",
    ),
    (r"getenv|setenv|unsetenv|putenv|secure_getenv", "uses the environment while other threads may change it", PREPARE),
    (
        r"rand|srand|random|srandom|[dejlmn]rand48|arc4random\w*|getrandom|getentropy",
        "takes a lock inside the C library",
        "Write a generator of your own: a few lines of C.",
    ),
    (
        r"(local|gm|mk|c)time(_r)?|asctime(_r)?|strftime|tzset|setlocale|localeconv|time|gettimeofday|clock_gettime",
        "takes a lock or makes a system call for the time",
        "Use rt.sample_time and rt.host_time.",
    ),
    (r"lgamma[fl]?|gamma[fl]?|strtok|strerror|strsignal", "writes a variable that all threads share", ""),
    (r"strto\w+|ato[ifl]l?|s?scanf|__isoc\d+_\w+", "reads the locale, and may allocate", ""),
    (
        r"exit|_exit|abort|__assert\w*|raise|kill|quick_exit|longjmp|_longjmp|siglongjmp",
        "ends the process or leaves the call",
        "",
    ),
    (r"dl(open|sym|close|addr|error)|NSLookup\w+|_dyld_\w+", "takes the loader's lock", PREPARE),
    (r"qsort(_r)?|bsearch", "may allocate, and calls through a pointer", ""),
    (r"CF\w+|kCF\w+|objc_\w+|_Block_\w+", "may allocate or take a lock inside CoreFoundation", PREPARE),
    (r"syscall|__syscall", "makes a system call", ""),
)
DENIED = tuple((re.compile(pattern), does, instead) for pattern, does, instead in _ROWS)

#: For what no row matches.
UNKNOWN = "is not on the list of functions known to be realtime-safe"
