/*
 * One slice of a Mach-O file in memory: mapped, its pointers set, its imports bound, its initialisers run.
 *
 * Reads what dyld reads (load commands, fixups, export trie) and nothing else; written from Apple's public
 * headers (mach-o/loader.h, mach-o/fixup-chains.h). Fixups are chained, or a program for dyld (program.h). What it does not know ends the process with a sentence.
 * Called once, on the thread that loads.
 */

#ifndef MACHO_IMAGE_H
#define MACHO_IMAGE_H

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_CPU 0x01000007u
#else
#define OWN_CPU 0x0100000Cu
#endif

enum { MH_BUNDLE = 8, PAGE_MOST = 16384 };
enum { LC_SEGMENT_64 = 0x19, LC_DYLD_INFO = 0x22, LC_DYLD_EXPORTS_TRIE = 0x33, LC_DYLD_CHAINED_FIXUPS = 0x34 };
enum { SECTION_INITIALISERS = 0x09, SECTION_TERMINATORS = 0x0A, SECTION_THREAD_LOCAL = 0x13, SECTION_INITIALISER_OFFSETS = 0x16 };

typedef struct {
    uint32_t magic, cpu, subtype, kind, count, size, flags, reserved;
} macho_header;

typedef struct {
    uint32_t command, size;
    char name[16];
    uint64_t address, memory, offset, bytes;
    uint32_t most, protection, sections, flags;
} macho_segment;

typedef struct {
    char name[16], segment[16];
    uint64_t address, size;
    uint32_t offset, align, relocations, relocation_count, flags, reserved[3];
} macho_section;

typedef struct {
    uint32_t version, starts, imports, symbols, import_count, import_format, symbol_format;
} macho_fixups;

typedef struct {
    const unsigned char *file; /* the slice's bytes */
    unsigned char *base;       /* where its address 0 is */
    size_t size;
    const unsigned char *fixups, *trie;
    const uint32_t *programs;  /* in place of the chains: LC_DYLD_INFO's pairs of offset and size */
} macho_image;

/* The address for an import, by its name in the file; never NULL. */
typedef void *(*macho_answer)(const char *name);

__attribute__((format(printf, 1, 2), noreturn)) static void macho_wrong(const char *format, ...)
{
    char line[512];
    va_list rest;
    int length;
    va_start(rest, format);
    strcpy(line, "macho_run: ");
    length = 11 + vsnprintf(line + 11, sizeof line - 13, format, rest);
    va_end(rest);
    length = length < (int)sizeof line - 1 ? length : (int)sizeof line - 2;
    line[length++] = '\n';
    (void)!write(2, line, (size_t)length);
    abort();
}

/* ---- reading ---- */

static uint32_t macho_big(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static const unsigned char *macho_file(const char *path)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    void *data;
    if (file < 0 || fstat(file, &about))
        macho_wrong("%s cannot be read", path);
    data = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (data == MAP_FAILED)
        macho_wrong("%s cannot be read", path);
    return data;
}

static uint64_t macho_uleb(const unsigned char **at)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        value |= (uint64_t)(**at & 0x7F) << shift;
        if (!(*(*at)++ & 0x80))
            return value;
    }
}

/* Of a universal file the slice for this processor. */
static const unsigned char *macho_own(const unsigned char *file, const char *path)
{
    if (macho_big(file) != 0xCAFEBABEu)
        return file;
    for (uint32_t i = 0; i < macho_big(file + 4); i++)
        if (macho_big(file + 8 + 20 * i) == OWN_CPU)
            return file + macho_big(file + 16 + 20 * i);
    macho_wrong("%s has no slice for this processor", path);
}

/* The load commands one after the other; NULL first. */
static const macho_segment *macho_next(const macho_image *image, const macho_segment *last)
{
    const macho_header *header = (const void *)image->file;
    const unsigned char *next = last ? (const unsigned char *)last + last->size : (const void *)(header + 1);
    return next < (const unsigned char *)(header + 1) + header->size ? (const void *)next : NULL;
}

#define EACH_COMMAND(image, command) \
    for (const macho_segment *command = macho_next(image, NULL); command; command = macho_next(image, command))

/* ---- mapping ---- */

static void macho_map(macho_image *image)
{
    EACH_COMMAND(image, it)
        if (it->command == LC_SEGMENT_64 && it->address + it->memory > image->size)
            image->size = it->address + it->memory;
    image->base = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (image->base == MAP_FAILED)
        macho_wrong("there is no memory for the slice");
    EACH_COMMAND(image, it)
        if (it->command == LC_SEGMENT_64)
            memcpy(image->base + it->address, image->file + it->offset, it->bytes);
}

/* Code can be run and not written, constants can no longer be written. */
static void macho_protect(const macho_image *image)
{
    enum { AFTERWARDS_READ_ONLY = 0x10 };
    EACH_COMMAND(image, it) {
        if (it->command != LC_SEGMENT_64)
            continue;
        int rights = (int)it->protection & (it->flags & AFTERWARDS_READ_ONLY ? ~PROT_WRITE : ~0);
        if (it->memory && mprotect(image->base + it->address, it->memory, rights))
            macho_wrong("the segment %.16s cannot be protected", it->name);
    }
    __builtin___clear_cache((char *)image->base, (char *)image->base + image->size);
}

static void macho_find(macho_image *image)
{
    EACH_COMMAND(image, it) {
        uint32_t command = it->command & 0x7FFFFFFFu, offset = ((const uint32_t *)it)[2];
        if (command == LC_DYLD_CHAINED_FIXUPS)
            image->fixups = image->file + offset;
        if (command == LC_DYLD_EXPORTS_TRIE)
            image->trie = image->file + offset;
        if (command == LC_DYLD_INFO) {
            image->programs = (const uint32_t *)it + 2;
            image->trie = image->file + image->programs[8];
        }
    }
    if (!image->trie || (!image->fixups && !image->programs))
        macho_wrong("the slice has no fixups or no export trie");
}

/* ---- fixups ---- */

static void *macho_import(const macho_fixups *table, uint32_t number, macho_answer answer)
{
    const unsigned char *rows = (const unsigned char *)table + table->imports;
    const char *names = (const char *)table + table->symbols;
    if (number >= table->import_count)
        macho_wrong("a fixup names import %u of %u", number, table->import_count);
    uint32_t row = table->import_format == 3 ? 0 : *(const uint32_t *)(rows + number * (table->import_format == 2 ? 8 : 4));
    if (table->import_format == 3)
        macho_wrong("the imports are of a format that is not known here");
    if (row >> 8 & 1)
        macho_wrong("the import %s is weak", names + (row >> 9));
    int32_t addend = table->import_format == 2 ? *(const int32_t *)(rows + number * 8 + 4) : 0;
    return (char *)answer(names + (row >> 9)) + addend;
}

/* One pointer: what is behind it, and how far the next is; 0 at the end. */
static uint32_t macho_fix(const macho_image *image, uint64_t *at, macho_answer answer)
{
    uint64_t value = *at;
    if (value >> 63)
        *at = (uint64_t)macho_import((const void *)image->fixups, value & 0xFFFFFF, answer) + (value >> 24 & 0xFF);
    else
        *at = ((uint64_t)image->base + (value & 0xFFFFFFFFFull)) | (value >> 36 & 0xFF) << 56;
    return (uint32_t)(value >> 51 & 0xFFF) * 4;
}

static void macho_fix_segment(const macho_image *image, const unsigned char *starts, macho_answer answer)
{
    uint16_t page_size, format, pages, first;
    uint64_t offset;
    memcpy(&page_size, starts + 4, 2), memcpy(&format, starts + 6, 2);
    memcpy(&offset, starts + 8, 8), memcpy(&pages, starts + 20, 2);
    if (format != 2 && format != 6) /* DYLD_CHAINED_PTR_64 and ..._OFFSET: the same where the image begins at 0 */
        macho_wrong("the pointers are of format %u, which is not known here", format);
    for (uint16_t page = 0; page < pages; page++) {
        memcpy(&first, starts + 22 + 2 * page, 2);
        unsigned char *at = image->base + offset + (size_t)page * page_size + first;
        for (uint32_t step = first != 0xFFFF; step; at += step)
            step = macho_fix(image, (uint64_t *)at, answer);
    }
}

static void macho_fix_all(const macho_image *image, macho_answer answer)
{
    const macho_fixups *table = (const void *)image->fixups;
    const unsigned char *starts = image->fixups + table->starts;
    const uint32_t *numbers = (const void *)starts;
    for (uint32_t i = 1; i <= numbers[0]; i++)
        if (numbers[i])
            macho_fix_segment(image, starts + numbers[i], answer);
}

#include "program.h"

/* ---- initialisers ---- */

static void macho_initialise_section(const macho_image *image, const macho_section *section)
{
    unsigned char *at = image->base + section->address;
    uint32_t kind = section->flags & 0xFF;
    if (kind == SECTION_THREAD_LOCAL)
        macho_wrong("the slice has thread-local variables, which are not known here");
    for (uint64_t i = 0; kind == SECTION_INITIALISERS && i < section->size / 8; i++)
        ((void (*)(void))((uint64_t *)at)[i])();
    for (uint64_t i = 0; kind == SECTION_INITIALISER_OFFSETS && i < section->size / 4; i++)
        ((void (*)(void))(image->base + ((uint32_t *)at)[i]))();
}

static void macho_initialise(const macho_image *image)
{
    EACH_COMMAND(image, it)
        for (uint32_t i = 0; it->command == LC_SEGMENT_64 && i < it->sections; i++)
            macho_initialise_section(image, (const macho_section *)(it + 1) + i);
}

/* ---- the whole ---- */

/* Maps the slice of `path` for this processor and runs its initialisers. */
static void macho_load(macho_image *image, const char *path, macho_answer answer)
{
    image->file = macho_own(macho_file(path), path);
    const macho_header *header = (const void *)image->file;
    if (header->magic != 0xFEEDFACFu || header->cpu != OWN_CPU || header->kind != MH_BUNDLE)
        macho_wrong("%s is not an MH_BUNDLE for this processor", path);
    macho_find(image);
    macho_map(image);
    image->programs ? macho_programs(image, answer) : macho_fix_all(image, answer);
    macho_protect(image);
    macho_initialise(image);
}

/* The child of a node of the export trie whose label begins what is left of the name, which it shortens; or NULL. */
static const unsigned char *macho_child(const macho_image *image, const unsigned char *at, const char **name)
{
    for (unsigned left = *at++; left; left--) {
        size_t length = strlen((const char *)at);
        int is_it = !strncmp((const char *)at, *name, length);
        at += length + 1;
        uint64_t offset = macho_uleb(&at);
        if (is_it) {
            *name += length;
            return image->trie + offset;
        }
    }
    return NULL;
}

/* The address of an exported symbol, by its name in the file; NULL when it is not exported. */
static void *macho_export(const macho_image *image, const char *name)
{
    const unsigned char *node = image->trie;
    while (node) {
        uint64_t size = macho_uleb(&node);
        if (!*name && size) {
            macho_uleb(&node); /* flags */
            return image->base + macho_uleb(&node);
        }
        node = macho_child(image, node + size, &name);
    }
    return NULL;
}

static int macho_inside(const macho_image *image, const void *at)
{
    return (const unsigned char *)at >= image->base && (const unsigned char *)at < image->base + image->size;
}

#endif
