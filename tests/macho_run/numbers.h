/* Errors, signals and flags: Apple's numbers and Linux's. Where they are equal there is no row. Any thread. */

#ifndef MACHO_NUMBERS_H
#define MACHO_NUMBERS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "image.h"

typedef struct {
    int apple, native;
} number;

#define ROWS(table) (int)(sizeof(table) / sizeof *(table))

static const number errors[] = {
    {11, EDEADLK}, {35, EAGAIN}, {36, EINPROGRESS}, {37, EALREADY}, {38, ENOTSOCK}, {39, EDESTADDRREQ},
    {40, EMSGSIZE}, {41, EPROTOTYPE}, {42, ENOPROTOOPT}, {43, EPROTONOSUPPORT}, {44, ESOCKTNOSUPPORT},
    {45, ENOTSUP}, {46, EPFNOSUPPORT}, {47, EAFNOSUPPORT}, {48, EADDRINUSE}, {49, EADDRNOTAVAIL}, {50, ENETDOWN},
    {51, ENETUNREACH}, {52, ENETRESET}, {53, ECONNABORTED}, {54, ECONNRESET}, {55, ENOBUFS}, {56, EISCONN},
    {57, ENOTCONN}, {58, ESHUTDOWN}, {59, ETOOMANYREFS}, {60, ETIMEDOUT}, {61, ECONNREFUSED}, {62, ELOOP},
    {63, ENAMETOOLONG}, {64, EHOSTDOWN}, {65, EHOSTUNREACH}, {66, ENOTEMPTY}, {68, EUSERS}, {69, EDQUOT},
    {70, ESTALE}, {71, EREMOTE}, {77, ENOLCK}, {78, ENOSYS}, {84, EOVERFLOW}, {89, ECANCELED}, {90, EIDRM},
    {91, ENOMSG}, {92, EILSEQ}, {94, EBADMSG}, {95, EMULTIHOP}, {96, ENODATA}, {97, ENOLINK}, {98, ENOSR},
    {99, ENOSTR}, {100, EPROTO}, {101, ETIME}, {104, ENOTRECOVERABLE}, {105, EOWNERDEAD},
};
static const number signals[] = {
    {10, SIGBUS}, {12, SIGSYS}, {16, SIGURG}, {17, SIGSTOP}, {18, SIGTSTP}, {19, SIGCONT}, {20, SIGCHLD},
    {23, SIGIO}, {30, SIGUSR1}, {31, SIGUSR2},
};
static const number open_flags[] = {
    {0x4, O_NONBLOCK}, {0x8, O_APPEND}, {0x100, O_NOFOLLOW}, {0x200, O_CREAT}, {0x400, O_TRUNC}, {0x800, O_EXCL},
    {0x20000, O_NOCTTY}, {0x100000, O_DIRECTORY}, {0x1000000, O_CLOEXEC},
};
static const number map_flags[] = {{0x1, MAP_SHARED}, {0x2, MAP_PRIVATE}, {0x10, MAP_FIXED}, {0x1000, MAP_ANONYMOUS}};
static const number handler_flags[] = {
    {0x1, SA_ONSTACK}, {0x2, SA_RESTART}, {0x4, (int)SA_RESETHAND}, {0x8, SA_NOCLDSTOP}, {0x10, SA_NODEFER},
};

static int native_number(const number *table, int rows, int apple)
{
    for (int i = 0; i < rows; i++)
        if (table[i].apple == apple)
            return table[i].native;
    return apple;
}

static int apple_number(const number *table, int rows, int native)
{
    for (int i = 0; i < rows; i++)
        if (table[i].native == native)
            return table[i].apple;
    return native;
}

#define APPLE_ERROR(native) apple_number(errors, ROWS(errors), native)

/* A set of bits; one that has no row ends the process, with the name of what was asked. */
static int native_flags(const number *table, int rows, int apple, const char *what)
{
    int native = 0;
    for (int i = 0; i < rows; i++)
        if (apple & table[i].apple) {
            native |= table[i].native;
            apple &= ~table[i].apple;
        }
    if (apple)
        macho_wrong("%s with the flags 0x%x, which are not known here", what, (unsigned)apple);
    return native;
}

static int apple_flags(const number *table, int rows, int native)
{
    int apple = 0;
    for (int i = 0; i < rows; i++)
        apple |= native & table[i].native ? table[i].apple : 0;
    return apple;
}

#endif
