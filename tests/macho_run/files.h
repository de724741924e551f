/* Files, memory, errors: what libSystem does otherwise than glibc. Control threads; the guard sees each call. */

#ifndef MACHO_FILES_H
#define MACHO_FILES_H

#include <sys/ioctl.h>
#include <sys/stat.h>

#include "numbers.h"
#include "thunks.h"

/* errno in Apple's numbers: taken over from glibc's, which is then 0, whenever the slice looks. */
static __thread int apple_errno __attribute__((tls_model("initial-exec")));

static int *mac_error(void)
{
    if (errno)
        apple_errno = APPLE_ERROR(errno);
    errno = 0;
    return &apple_errno;
}

static char *mac_strerror(int apple) { return strerror(native_number(errors, ROWS(errors), apple)); }

/* O_ACCMODE is the same. */
static int native_open(int apple) { return (apple & 3) | native_flags(open_flags, ROWS(open_flags), apple & ~3, "open"); }

VARIADIC(int, open, 2, (const char *path, int flags), flags,
         open(path, native_open(flags), flags & 0x200 ? va_arg(rest, int) : 0))
VARIADIC(int, openat, 3, (int folder, const char *path, int flags), flags,
         openat(folder == -2 ? AT_FDCWD : folder, path, native_open(flags), flags & 0x200 ? va_arg(rest, int) : 0))

static int fcntl_of(int file, int command, long value)
{
    enum { APPLE_DUPFD_CLOEXEC = 67 };
    int flags;
    switch (command) {
    case F_DUPFD: case F_GETFD: case F_SETFD:
        return fcntl(file, command, value);
    case APPLE_DUPFD_CLOEXEC:
        return fcntl(file, F_DUPFD_CLOEXEC, value);
    case F_GETFL:
        flags = fcntl(file, F_GETFL);
        return flags < 0 ? flags : (flags & 3) | apple_flags(open_flags, ROWS(open_flags), flags);
    case F_SETFL:
        return fcntl(file, F_SETFL, native_open((int)value));
    }
    macho_wrong("fcntl with the command %d, which is not known here", command);
}

VARIADIC(int, fcntl, 2, (int file, int command), command, fcntl_of(file, command, va_arg(rest, long)))

static int ioctl_of(int file, unsigned long request, void *value)
{
    enum { APPLE_FIOCLEX = 0x20006601, APPLE_FIONCLEX = 0x20006602 };
    if (request == APPLE_FIOCLEX || request == APPLE_FIONCLEX)
        return ioctl(file, request == APPLE_FIOCLEX ? FIOCLEX : FIONCLEX, value);
    macho_wrong("ioctl with the request 0x%lx, which is not known here", request);
}

VARIADIC(int, ioctl, 2, (int file, unsigned long request), request, ioctl_of(file, request, va_arg(rest, void *)))

static void *mac_mmap(void *at, size_t size, int rights, int flags, int file, off_t offset)
{
    return mmap(at, size, rights, native_flags(map_flags, ROWS(map_flags), flags, "mmap"), file, offset);
}

/* struct stat with 64-bit inode numbers: the only one on arm64, and $INODE64 on x86-64. */
typedef struct {
    int32_t device;
    uint16_t mode, links;
    uint64_t inode;
    uint32_t user, group;
    int32_t special;
    struct timespec accessed, changed, status, born;
    int64_t size, blocks;
    int32_t block_size;
    uint32_t flags, generation, spare[5];
} apple_stat;
_Static_assert(sizeof(apple_stat) == 144 && offsetof(apple_stat, size) == 96, "struct stat");

static int apple_stat_of(int result, const struct stat *from, apple_stat *into)
{
    if (!result)
        *into = (apple_stat){
            .device = (int32_t)from->st_dev, .mode = (uint16_t)from->st_mode, .links = (uint16_t)from->st_nlink,
            .inode = from->st_ino, .user = from->st_uid, .group = from->st_gid, .special = (int32_t)from->st_rdev,
            .accessed = from->st_atim, .changed = from->st_mtim, .status = from->st_ctim, .born = from->st_ctim,
            .size = from->st_size, .blocks = from->st_blocks, .block_size = (int32_t)from->st_blksize,
        };
    return result;
}

static int mac_stat(const char *path, apple_stat *into)
{
    struct stat about;
    return apple_stat_of(stat(path, &about), &about, into);
}

static int mac_lstat(const char *path, apple_stat *into)
{
    struct stat about;
    return apple_stat_of(lstat(path, &about), &about, into);
}

static int mac_fstat(int file, apple_stat *into)
{
    struct stat about;
    return apple_stat_of(fstat(file, &about), &about, into);
}

static char *mac_realpath(const char *path, char *into) { return realpath(path, into); }

#endif
