/* Standard output and error, characters and locales: what libSystem does otherwise than glibc. Control threads. */

#ifndef MACHO_OUTPUT_H
#define MACHO_OUTPUT_H

#include <ctype.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "image.h"
#include "thunks.h"

/* Apple's macros look into a FILE: nothing is buffered there, so that each asks a function. */
typedef struct {
    unsigned char *next;
    int readable, writable;
    char rest[136];
    FILE *native;
} apple_file;

static apple_file apple_files[3];
static apple_file *apple_stdin = &apple_files[0], *apple_stdout = &apple_files[1], *apple_stderr = &apple_files[2];

static int mac_fflush(apple_file *file) { return fflush(file ? file->native : NULL); }
static int mac_fputs(const char *text, apple_file *file) { return fputs(text, file->native); }
static int mac_fputc(int character, apple_file *file) { return fputc(character, file->native); }
static int mac_ferror(apple_file *file) { return ferror(file->native); }
static int mac_fileno(apple_file *file) { return fileno(file->native); }
static void mac_clearerr(apple_file *file) { clearerr(file->native); }
static size_t mac_fwrite(const void *data, size_t size, size_t count, apple_file *file)
{
    return fwrite(data, size, count, file->native);
}

VARIADIC(int, fprintf, 2, (apple_file *file, const char *format), format, vfprintf(file->native, format, rest))
VARIADIC(int, printf, 1, (const char *format), format, vprintf(format, rest))
VARIADIC(int, sprintf, 2, (char *into, const char *format), format, vsprintf(into, format, rest))
VARIADIC(int, snprintf, 3, (char *into, size_t size, const char *format), format, vsnprintf(into, size, format, rest))
VARIADIC(int, sprintf_chk, 4, (char *into, int flag, size_t room, const char *format), format,
         ((void)flag, vsnprintf(into, room, format, rest)))

#if defined(__aarch64__)
static int mac_vsnprintf(char *into, size_t size, const char *format, void *stack)
{
    va_list rest;
    apple_list(&rest, stack);
    return vsnprintf(into, size, format, rest);
}

static int mac_vfprintf(apple_file *file, const char *format, void *stack)
{
    va_list rest;
    apple_list(&rest, stack);
    return vfprintf(file->native, format, rest);
}
#else
#define mac_vsnprintf vsnprintf
static int mac_vfprintf(apple_file *file, const char *format, va_list rest) { return vfprintf(file->native, format, rest); }
#endif

/* ---- characters: the table that <ctype.h> looks into, for the locale C ---- */

static struct {
    char magic[8], encoding[32];
    void *functions[2];
    int invalid;
    uint32_t kinds[256];
    int lower[256], upper[256];
    char rest[128];
} rune_locale;
_Static_assert(offsetof(__typeof__(rune_locale), kinds) == 60, "_RuneLocale");

static uint32_t kinds_of(int c)
{
    return (isalpha(c) ? 0x100u : 0) | (iscntrl(c) ? 0x200u : 0) | (isdigit(c) ? 0x400u : 0) |
           (isgraph(c) ? 0x800u : 0) | (islower(c) ? 0x1000u : 0) | (ispunct(c) ? 0x2000u : 0) |
           (isspace(c) ? 0x4000u : 0) | (isupper(c) ? 0x8000u : 0) | (isxdigit(c) ? 0x10000u : 0) |
           (isblank(c) ? 0x20000u : 0) | (isprint(c) ? 0x40000u : 0);
}

static int mac_tolower(int character) { return character < 128 ? tolower(character) : character; }

/* ---- locales ---- */

static char *mac_setlocale(int category, const char *name)
{
    static const int native[] = {LC_ALL, LC_COLLATE, LC_CTYPE, LC_MONETARY, LC_NUMERIC, LC_TIME, LC_MESSAGES};
    if (category < 0 || category > 6)
        macho_wrong("setlocale with the category %d", category);
    return setlocale(native[category], name);
}

static char *mac_langinfo(int item)
{
    if (item) /* 0 is CODESET there */
        macho_wrong("nl_langinfo with %d, which is not known here", item);
    return nl_langinfo(CODESET);
}

static long mac_sysconf(int name)
{
    static const int native[][2] = {
        {3, _SC_CLK_TCK}, {5, _SC_OPEN_MAX}, {29, _SC_PAGESIZE}, {58, _SC_NPROCESSORS_ONLN}, {71, _SC_GETPW_R_SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof native / sizeof *native; i++)
        if (native[i][0] == name)
            return sysconf(native[i][1]);
    macho_wrong("sysconf with %d, which is not known here", name);
}

/* ---- what glibc does not have ---- */

typedef struct {
    double sine, cosine;
} sine_and_cosine;

static sine_and_cosine mac_sincos(double angle) { return (sine_and_cosine){sin(angle), cos(angle)}; }
static double mac_exp10(double power) { return exp10(power); }
static void mac_bzero(void *at, size_t size) { memset(at, 0, size); }
static unsigned __int128 mac_udivti3(unsigned __int128 a, unsigned __int128 b) { return a / b; }

static void mac_pattern16(void *at, const void *pattern, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)at)[i] = ((const char *)pattern)[i % 16];
}

static void output_prepare(void)
{
    apple_stdin->native = stdin;
    apple_stdout->native = stdout;
    apple_stderr->native = stderr;
    for (int c = 0; c < 256; c++) {
        rune_locale.kinds[c] = c < 128 ? kinds_of(c) : 0;
        rune_locale.lower[c] = mac_tolower(c);
        rune_locale.upper[c] = c < 128 ? toupper(c) : c;
    }
}

#endif
