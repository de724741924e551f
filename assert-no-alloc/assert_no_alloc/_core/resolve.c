/* What each trapped symbol means in this process, and finding a hook by name. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#ifdef __linux__
#include <link.h>
#endif

#include "core.h"
#include "hook_list.h"

#define BUCKETS 1024 /* power of two, over twice the hooks */

static int16_t buckets[BUCKETS]; /* 0: empty, else index + 1 */
static void *alias[HOOKS];       /* the PLT entry that stands for the function in a non-PIE executable */

static uint32_t hash(const char *s) {
    uint32_t h = 2166136261u;
    for (; *s; s++) h = (h ^ (uint8_t)*s) * 16777619u;
    return h;
}

static void fill_buckets(void) {
    for (int i = 0; i < HOOKS; i++) {
        uint32_t b = hash(ana_hooks[i].symbol);
        while (buckets[b & (BUCKETS - 1)]) b++;
        buckets[b & (BUCKETS - 1)] = (int16_t)(i + 1);
    }
}

int ana_find(const char *symbol) {
    for (uint32_t b = hash(symbol);; b++) {
        int i = buckets[b & (BUCKETS - 1)] - 1;
        if (i < 0 || strcmp(ana_hooks[i].symbol, symbol) == 0) return i;
    }
}

int ana_same(int hook, void *value) {
    return value != NULL && (value == ana_real[hook] || value == alias[hook]);
}

#ifdef __linux__
/* A non-PIE executable that takes a function's address makes its own PLT entry
 * the address everybody sees. Calling that from a wrapper would come back here. */
static void *through_plt(int hook, void *found) {
    static void *libc;
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    if (!dladdr1(found, &info, (void **)&symbol, RTLD_DL_SYMENT) || symbol == NULL || symbol->st_shndx != SHN_UNDEF)
        return found;
    if (libc == NULL) libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    alias[hook] = found;
    return libc ? dlsym(libc, ana_hooks[hook].symbol) : NULL;
}

struct search {
    const char *prefix;
    char path[512];
};

static int find_object(struct dl_phdr_info *info, size_t size, void *data) {
    struct search *s = data;
    const char *base = strrchr(info->dlpi_name, '/');
    (void)size;
    if (base == NULL || strncmp(base + 1, s->prefix, strlen(s->prefix)) != 0) return 0;
    strncpy(s->path, info->dlpi_name, sizeof s->path - 1);
    return 1;
}

/* C++'s runtime usually comes with an extension module, out of global sight. */
static void *cxx_library(void) {
    static const char *const prefixes[] = {"libstdc++.so", "libc++abi.so", "libc++.so"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct search s = {prefixes[i], ""};
        if (dl_iterate_phdr(find_object, &s)) return dlopen(s.path, RTLD_LAZY | RTLD_NOLOAD);
    }
    return NULL;
}
#else
static void *through_plt(int hook, void *found) { (void)hook; return found; }
static void *cxx_library(void) { return NULL; }
#endif

/* Not realtime; again after each dlopen, for what was not there before. */
void ana_resolve(void) {
    void *cxx = NULL;
    if (!buckets[hash("malloc") & (BUCKETS - 1)]) fill_buckets();
    for (int i = 0; i < HOOKS; i++) {
        void *found = ana_real[i];
        if (found != NULL) continue;
        found = dlsym(RTLD_DEFAULT, ana_hooks[i].symbol);
        if (found == NULL && ana_hooks[i].group == ANA_CXX && (cxx || (cxx = cxx_library())))
            found = dlsym(cxx, ana_hooks[i].symbol);
        if (found != NULL) ana_real[i] = through_plt(i, found);
    }
}
