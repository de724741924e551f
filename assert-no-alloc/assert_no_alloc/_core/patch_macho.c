/* macOS: the symbol pointers of every image that is not in the system's shared
 * cache are pointed at the wrappers, as fishhook does it. NOT RUN YET: the
 * project has had no Mac so far; it has been compiled for both architectures.
 *
 * Why not __DATA,__interpose: dyld honours it only in libraries named by
 * DYLD_INSERT_LIBRARIES, an environment variable that users would have to set.
 * What the system's own libraries call of each other is bound inside the cache
 * and cannot be redirected; their allocations are seen through malloc_logger. */
#ifdef __APPLE__
#include <dlfcn.h>
#include <mach-o/dyld.h>
#include <mach-o/loader.h>
#include <mach-o/nlist.h>
#include <mach/mach.h>
#include <string.h>

#include "core.h"
#include "hook_list.h"

#define IN_SHARED_CACHE 0x80000000u /* MH_DYLIB_IN_CACHE */

typedef struct {
    const struct mach_header_64 *header;
    intptr_t slide;
    const struct nlist_64 *symbols;
    const char *strings;
    const uint32_t *indirect;
    int is_python, is_ffi;
} image;

ana_patched ana_patch_state;
static Dl_info self;
static volatile int added; /* images, since the last patch */

int ana_in_self(const void *p) {
    Dl_info info;
    return dladdr(p, &info) && info.dli_fbase == self.dli_fbase;
}

/* dyld calls it under its own lock: only a note is made there. */
static void on_image(const struct mach_header *header, intptr_t slide) {
    (void)header, (void)slide;
    added = 1;
}

void ana_find_self(void) {
    dladdr((const void *)ana_hooks, &self);
    _dyld_register_func_for_add_image(on_image);
}

static const void *next(const void *command) {
    return (const char *)command + ((const struct load_command *)command)->cmdsize;
}

/* Where the symbol tables are in memory; 0 when the image has none. */
static int read_tables(image *m) {
    const struct symtab_command *symtab = NULL;
    const struct dysymtab_command *dynamic = NULL;
    uintptr_t linkedit = 0;
    const void *c = m->header + 1;
    for (uint32_t i = 0; i < m->header->ncmds; i++, c = next(c)) {
        const struct segment_command_64 *s = c;
        if (s->cmd == LC_SEGMENT_64 && strcmp(s->segname, SEG_LINKEDIT) == 0)
            linkedit = (uintptr_t)m->slide + s->vmaddr - s->fileoff;
        if (s->cmd == LC_SYMTAB) symtab = c;
        if (s->cmd == LC_DYSYMTAB) dynamic = c;
    }
    if (!linkedit || !symtab || !dynamic || !dynamic->nindirectsyms) return 0;
    m->symbols = (const void *)(linkedit + symtab->symoff);
    m->strings = (const char *)(linkedit + symtab->stroff);
    m->indirect = (const void *)(linkedit + dynamic->indirectsymoff);
    return 1;
}

/* C's underscore in front and Apple's $VARIANT behind are not part of the name. */
static int hook_of(const image *m, uint32_t index) {
    char name[64];
    const char *s;
    size_t n;
    if (index & (INDIRECT_SYMBOL_ABS | INDIRECT_SYMBOL_LOCAL)) return -1;
    s = m->strings + m->symbols[index].n_un.n_strx;
    n = strcspn(s, "$");
    if (s[0] != '_' || n > sizeof name) return -1;
    memcpy(name, s + 1, n - 1);
    name[n - 1] = 0;
    return ana_find(name);
}

static int wanted(const image *m, int hook) {
    int group = ana_hooks[hook].group;
    if (group == ANA_FFI) return m->is_ffi;
    if (group == ANA_PYTHON || group == ANA_PYGIL) return !m->is_python;
    return 1;
}

static void patch_section(const image *m, const struct section_64 *s) {
    void **slots = (void **)((uintptr_t)m->slide + s->addr);
    int writable = 0;
    for (uint32_t i = 0; i < s->size / sizeof(void *); i++) {
        int hook = hook_of(m, m->indirect[s->reserved1 + i]);
        if (hook < 0 || ana_real[hook] == NULL || !wanted(m, hook) || slots[i] == ana_hooks[hook].wrapper) continue;
        if (!ana_same(hook, slots[i])) {
            ana_patch_state.foreign++;
            continue;
        }
        if (!writable)
            writable = vm_protect(mach_task_self(), (vm_address_t)slots, s->size, 0,
                                  VM_PROT_READ | VM_PROT_WRITE | VM_PROT_COPY) == KERN_SUCCESS;
        if (!writable) return;
        __atomic_store_n(&slots[i], ana_hooks[hook].wrapper, __ATOMIC_RELEASE);
        ana_patch_state.slots++;
    }
}

static void patch_segment(const image *m, const struct segment_command_64 *segment) {
    const struct section_64 *s = (const void *)(segment + 1);
    if (strncmp(segment->segname, "__DATA", 6) != 0) return;
    for (uint32_t i = 0; i < segment->nsects; i++) {
        uint32_t type = s[i].flags & SECTION_TYPE;
        if (type == S_LAZY_SYMBOL_POINTERS || type == S_NON_LAZY_SYMBOL_POINTERS) patch_section(m, &s[i]);
    }
}

static void patch_image(uint32_t index) {
    image m = {(const void *)_dyld_get_image_header(index), _dyld_get_image_vmaddr_slide(index), 0, 0, 0, 0, 0};
    const char *path = _dyld_get_image_name(index);
    Dl_info python = {0};
    const void *c;
    if (m.header == NULL || m.header->magic != MH_MAGIC_64 || (m.header->flags & IN_SHARED_CACHE) ||
        (const void *)m.header == self.dli_fbase || !read_tables(&m))
        return;
    dladdr(ana_real[HOOK_PyGILState_Ensure], &python);
    m.is_python = (const void *)m.header == python.dli_fbase;
    m.is_ffi = path && (strstr(path, "_ctypes") || strstr(path, "_cffi_backend"));
    c = m.header + 1;
    for (uint32_t i = 0; i < m.header->ncmds; i++, c = next(c))
        if (((const struct load_command *)c)->cmd == LC_SEGMENT_64) patch_segment(&m, c);
    ana_patch_state.objects++;
}

/* libmalloc calls it at every allocation of every zone, whoever asks. */
typedef void (*logger)(uint32_t type, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t result, uint32_t skip);
extern logger malloc_logger __attribute__((weak_import));
static logger previous_logger;

static void on_allocation(uint32_t type, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t result, uint32_t skip) {
    int allocates = (type & 2) != 0;
    if (previous_logger) previous_logger(type, a, b, c, result, skip);
    if (ANA_LIKELY(!ana_me.trap)) return;
    ana_trap(allocates ? HOOK_malloc : HOOK_free);
    ana_untrap(NULL);
}

int ana_patch(void) {
    int before = ana_patch_state.slots;
    ana_patch_state.objects = ana_patch_state.foreign = 0;
    added = 0;
    for (uint32_t i = 0; i < _dyld_image_count(); i++) patch_image(i);
    if (&malloc_logger != NULL && malloc_logger != on_allocation) {
        previous_logger = malloc_logger;
        malloc_logger = on_allocation;
    }
    return ana_patch_state.slots - before;
}

int ana_stale(void) { return added; }
#endif
