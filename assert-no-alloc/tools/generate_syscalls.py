"""Print syscalls_x86_64.inc from the kernel's header: numbers never change, new ones come at the end."""

import re
import sys
from pathlib import Path

HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
KINDS = {
    "ALLOCATION": "mmap munmap mremap brk",
    "LOCK": "futex futex_waitv futex_wait futex_wake futex_requeue semop semtimedop semget membarrier",
    "WAIT": "poll ppoll select pselect6 epoll_wait epoll_pwait epoll_pwait2 nanosleep clock_nanosleep sched_yield "
    "pause wait4 waitid rt_sigtimedwait rt_sigsuspend io_getevents",
    "THREAD": "clone clone3 fork vfork execve execveat exit exit_group",
    "IO": "read write open openat openat2 creat close close_range pread64 pwrite64 readv writev preadv pwritev preadv2 "
    "pwritev2 lseek stat fstat lstat newfstatat statx access faccessat faccessat2 pipe pipe2 dup dup2 dup3 fcntl ioctl "
    "socket socketpair connect accept accept4 bind listen shutdown getsockname getpeername getsockopt setsockopt "
    "sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg sendfile splice tee vmsplice fsync fdatasync sync syncfs "
    "copy_file_range ftruncate truncate fallocate "
    "rename renameat renameat2 mkdir mkdirat rmdir unlink unlinkat link linkat symlink symlinkat "
    "readlink readlinkat chmod fchmod getdents getdents64 eventfd eventfd2 epoll_create epoll_create1 epoll_ctl "
    "timerfd_create timerfd_settime inotify_init1 memfd_create mq_open mq_timedsend mq_timedreceive io_submit "
    "io_uring_setup io_uring_enter msgsnd msgrcv flock chdir getcwd",
}


def main(header=HEADER):
    """One CALL line per system call in ``header``."""
    kind_of = {name: kind for kind, names in KINDS.items() for name in names.split()}
    print("/* Made by tools/generate_syscalls.py; do not edit. */")
    for name, number in re.findall(r"#define __NR_(\w+) (\d+)", Path(header).read_text()):
        print(f"CALL({number}, {name}, {kind_of.get(name, 'SYSTEM_CALL')})")


if __name__ == "__main__":
    main(*sys.argv[1:])
