/* What the parts of the guard know of each other. Not installed. */
#ifndef ANA_CORE_H
#define ANA_CORE_H

#include <stdio.h>

#include "../assert_no_alloc.h"

#define ANA_FRAMES 48
#define ANA_RECORDS 256

/* thread.c: the calling thread. Initial-exec, so that reading it is one
 * instruction and never a call that might allocate. */
#ifdef __linux__
extern __thread ana_thread ana_me __attribute__((tls_model("initial-exec")));
#else
extern __thread ana_thread ana_me;
#endif
extern int ana_policy;
const ana_api *ana_get_api(void);
void ana_install(void);        /* once; not realtime */
int ana_refresh(void);         /* after a dlopen; not realtime */
int ana_in_self(const void *); /* is this address code or data of ours? */

/* hooks.c: the functions trapped by name. */
typedef struct {
    const char *symbol; /* as the linker knows it */
    const char *name;   /* as people know it */
    int kind, group;
    void *wrapper;
} ana_hook;
enum { ANA_LIBC, ANA_CXX, ANA_PYTHON, ANA_PYGIL, ANA_FFI };
extern const ana_hook ana_hooks[];
extern const int ana_hook_count;
extern void *ana_real[];            /* what each wrapper calls */
extern volatile uint8_t ana_off[];  /* hooks without teeth: only tests set these */

/* resolve.c */
void ana_resolve(void);              /* fills ana_real */
int ana_find(const char *symbol);    /* index of a hook, or -1 */
int ana_same(int hook, void *value); /* is this what `symbol` resolves to? */

/* patch_elf.c, patch_macho.c: make loaded objects call the wrappers. */
typedef struct {
    int objects, slots, foreign; /* foreign: bound to something else than our ana_real, left alone */
} ana_patched;
extern ana_patched ana_patch_state;
void ana_find_self(void);
int ana_patch(void);
int ana_stale(void); /* have objects been loaded since? */

/* trap.c */
void ana_trap(int hook);                             /* violation; ends with everything permitted */
void ana_untrap(void *unused);                       /* the permit ends */
void ana_record_violation(ana_thread *t, int kind, const char *function);

/* log.c: bounded, never allocates. */
typedef struct {
    const char *function;
    uint64_t hash;
    uint32_t count;
    int32_t kind, thread_id, frame_count, section; /* frames in all, and inside the guarded section */
    char thread_name[16];
    void *frames[ANA_FRAMES];
} ana_record;
const ana_record *ana_log_add(const ana_record *r);   /* any thread */
int ana_log_take(ana_record *into, uint64_t *dropped); /* with the GIL; room for ANA_RECORDS */
extern uint64_t ana_total;

/* dispatch_*.c: system calls, trapped by the kernel. */
extern const char *ana_dispatch_reason; /* why not, or NULL */
extern volatile uint8_t ana_dispatch_off;
void ana_dispatch_install(void);
void ana_dispatch_prepare(ana_thread *t);
const char *ana_syscall_name(long number);
int ana_syscall_kind(long number);

/* die.c */
extern char *ana_reporter[];
void ana_die(const ana_record *r) __attribute__((noreturn));

#define ANA_LIKELY(x) __builtin_expect(!!(x), 1)
#define ANA_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* The rest of the enclosing block is a trapped call: recorded, then let through.
 * The cleanup also runs when the call is cancelled or throws. */
#define ANA_TRAPPED(hook)                                                \
    __attribute__((cleanup(ana_untrap), unused)) int ana_trapped = 0;    \
    ana_trap(hook)

#endif
