/*
 * Stands for a bundle's binary on Linux: the factory of this file is the factory of the Mach-O slice for the same
 * processor, which lies beside it (Contents/Resources/macho). Test tooling, and never part of a bundle that ships.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "system.h"

static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static void *(*factory)(const void *, const void *);

static void load(void)
{
    static char path[PATH_MAX];
    Dl_info info;
    if (!dladdr((void *)load, &info) || !realpath(info.dli_fname, path))
        macho_wrong("the carrier does not know where it is");
    binary = strdup(path);
    for (int parts = 0; parts < 2; parts++)
        *strrchr(path, '/') = 0;
    strcat(path, "/Resources/macho");
    output_prepare();
    macho_load(&image, path, answer_for);
    factory = (void *(*)(const void *, const void *))macho_export(&image, "_TympanFactory");
    if (!factory)
        macho_wrong("%s does not export TympanFactory", path);
}

__attribute__((visibility("default"))) void *TympanFactory(const void *allocator, const void *type)
{
    pthread_once(&loaded, load);
    return factory(allocator, type);
}
