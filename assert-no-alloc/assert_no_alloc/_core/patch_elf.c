/* Linux: every loaded object calls other objects through slots that the loader
 * fills (GOT). Here the slots of trapped functions are pointed at the wrappers.
 *
 * Not realtime, and never on the guarded path. A slot is one aligned store, so
 * other threads may go on calling through it. */
#ifdef __linux__
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core.h"
#include "hook_list.h"

#if defined(__x86_64__)
#define R_SLOT R_X86_64_JUMP_SLOT
#define R_GOT R_X86_64_GLOB_DAT
#define R_DATA R_X86_64_64
#elif defined(__aarch64__)
#define R_SLOT R_AARCH64_JUMP_SLOT
#define R_GOT R_AARCH64_GLOB_DAT
#define R_DATA R_AARCH64_ABS64
#else
#error "assert_no_alloc knows x86-64 and arm64"
#endif

typedef struct {
    uintptr_t base, low, high;         /* load address; first and last byte of it */
    uintptr_t relro_low, relro_high;   /* whole pages that the loader made read-only */
    const ElfW(Rela) *rela, *plt;
    size_t rela_size, plt_size;
    const ElfW(Sym) *symbols;
    const char *strings;
    int is_python, is_ffi, unlocked;
} object;

ana_patched ana_patch_state;
static uintptr_t self_low, self_high;
static unsigned long long loads, unloads;

int ana_in_self(const void *p) { return (uintptr_t)p >= self_low && (uintptr_t)p < self_high; }

static void measure(object *o, const struct dl_phdr_info *info) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    o->base = info->dlpi_addr;
    o->low = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t start = o->base + p->p_vaddr, end = start + p->p_memsz;
        if (p->p_type == PT_LOAD) {
            if (start < o->low) o->low = start;
            if (end > o->high) o->high = end;
        } else if (p->p_type == PT_GNU_RELRO) {
            o->relro_low = start & ~(page - 1);
            o->relro_high = end & ~(page - 1);
        }
    }
}

/* glibc writes addresses into most dynamic sections; where not, they are offsets. */
static uintptr_t pointer(const object *o, const ElfW(Dyn) *d) {
    return d->d_un.d_ptr < o->base ? o->base + d->d_un.d_ptr : d->d_un.d_ptr;
}

static void read_dynamic(object *o, const struct dl_phdr_info *info) {
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
        for (const ElfW(Dyn) *d = (const void *)(o->base + info->dlpi_phdr[i].p_vaddr); d->d_tag != DT_NULL; d++) {
            if (d->d_tag == DT_RELA) o->rela = (const void *)pointer(o, d);
            if (d->d_tag == DT_RELASZ) o->rela_size = d->d_un.d_val;
            if (d->d_tag == DT_JMPREL) o->plt = (const void *)pointer(o, d);
            if (d->d_tag == DT_PLTRELSZ) o->plt_size = d->d_un.d_val;
            if (d->d_tag == DT_SYMTAB) o->symbols = (const void *)pointer(o, d);
            if (d->d_tag == DT_STRTAB) o->strings = (const void *)pointer(o, d);
        }
    }
}

static int inside(const object *o, const void *p) { return (uintptr_t)p >= o->low && (uintptr_t)p < o->high; }

/* Python's own calls of Python are its own business; only FFI modules have
 * their dlsym answered by us. */
static int wanted(const object *o, int hook, unsigned type) {
    int group = ana_hooks[hook].group;
    if (group == ANA_FFI) return o->is_ffi;
    if (group == ANA_PYTHON || group == ANA_PYGIL) return !o->is_python && type != R_DATA;
    return 1;
}

/* Is the slot bound to the function we call, or will it be? A slot not bound
 * yet leads into the object itself. */
static int bound(const object *o, int hook, const ElfW(Sym) *symbol, void *value, unsigned type) {
    if (ana_same(hook, value)) return 1;
    if (symbol->st_shndx != SHN_UNDEF && !ana_same(hook, (void *)(o->base + symbol->st_value))) return 0;
    return type == R_SLOT && inside(o, value);
}

static int unlock(object *o, const void *slot) {
    if ((uintptr_t)slot < o->relro_low || (uintptr_t)slot >= o->relro_high) return 1;
    if (!o->unlocked)
        o->unlocked = mprotect((void *)o->relro_low, o->relro_high - o->relro_low, PROT_READ | PROT_WRITE) == 0;
    return o->unlocked;
}

static void patch_one(object *o, const ElfW(Rela) *r) {
    unsigned type = ELF64_R_TYPE(r->r_info);
    const ElfW(Sym) *symbol = &o->symbols[ELF64_R_SYM(r->r_info)];
    void **slot = (void **)(o->base + r->r_offset);
    int hook;
    if (ELF64_R_SYM(r->r_info) == 0 || (type != R_SLOT && type != R_GOT && type != R_DATA)) return;
    hook = ana_find(o->strings + symbol->st_name);
    if (hook < 0 || ana_real[hook] == NULL || !wanted(o, hook, type)) return;
    if (__atomic_load_n(slot, __ATOMIC_RELAXED) == ana_hooks[hook].wrapper) return;
    if (!bound(o, hook, symbol, *slot, type) || !unlock(o, slot)) {
        ana_patch_state.foreign++;
        return;
    }
    __atomic_store_n(slot, ana_hooks[hook].wrapper, __ATOMIC_RELEASE);
    ana_patch_state.slots++;
}

static int is_named(const char *path, const char *part) { return path != NULL && strstr(path, part) != NULL; }

/* The loader itself, the vDSO and this module are left alone. */
static int skipped(const object *o) {
    static uintptr_t vdso, loader;
    if (!vdso) vdso = getauxval(AT_SYSINFO_EHDR);
    if (!loader) loader = getauxval(AT_BASE);
    return o->symbols == NULL || o->strings == NULL || inside(o, (void *)vdso) || inside(o, (void *)loader) ||
           inside(o, ana_hooks);
}

static int patch_object(struct dl_phdr_info *info, size_t size, void *data) {
    object o;
    (void)size, (void)data;
    loads = info->dlpi_adds;
    unloads = info->dlpi_subs;
    memset(&o, 0, sizeof o);
    measure(&o, info);
    read_dynamic(&o, info);
    if (skipped(&o)) return 0;
    o.is_python = inside(&o, ana_real[HOOK_PyGILState_Ensure]);
    o.is_ffi = is_named(info->dlpi_name, "_ctypes") || is_named(info->dlpi_name, "_cffi_backend");
    for (size_t i = 0; i < o.rela_size / sizeof *o.rela; i++) patch_one(&o, &o.rela[i]);
    for (size_t i = 0; i < o.plt_size / sizeof *o.plt; i++) patch_one(&o, &o.plt[i]);
    if (o.unlocked) mprotect((void *)o.relro_low, o.relro_high - o.relro_low, PROT_READ);
    ana_patch_state.objects++;
    return 0;
}

/* Answers the number of slots changed now. Objects done before cost a look. */
int ana_patch(void) {
    int before = ana_patch_state.slots;
    ana_patch_state.objects = ana_patch_state.foreign = 0;
    dl_iterate_phdr(patch_object, NULL);
    return ana_patch_state.slots - before;
}

static int compare(struct dl_phdr_info *info, size_t size, void *stale) {
    (void)size;
    *(int *)stale = info->dlpi_adds != loads || info->dlpi_subs != unloads;
    return 1;
}

int ana_stale(void) {
    int stale = 0;
    dl_iterate_phdr(compare, &stale);
    return stale;
}

static int find_self(struct dl_phdr_info *info, size_t size, void *data) {
    object o;
    (void)size, (void)data;
    memset(&o, 0, sizeof o);
    measure(&o, info);
    if (!inside(&o, ana_hooks)) return 0;
    self_low = o.low;
    self_high = o.high;
    return 1;
}

void ana_find_self(void) { dl_iterate_phdr(find_self, NULL); }
#endif
