/*
 * How the slice's calls reach glibc: through this object's own table of addresses (GOT).
 *
 * So the guard, which points the entries of that table at its traps, sees the calls of the slice by name, and an
 * import that nobody supplies is known to be missing.
 */

#ifndef MACHO_THUNKS_H
#define MACHO_THUNKS_H

#include <stdarg.h>

#if defined(__x86_64__)

#define THUNK(name) __asm__(".text\n.p2align 4\nmac_pass_" #name ": jmp *" #name "@GOTPCREL(%rip)\n");

/* Apple's x86-64 passes variadic arguments as Linux does. */
#define VARIADIC(result, name, fixed, parameters, last, call)                  \
    static result mac_##name(UNPACK parameters, ...)                           \
    {                                                                          \
        va_list rest;                                                          \
        va_start(rest, last);                                                  \
        result answer = call;                                                  \
        va_end(rest);                                                          \
        return answer;                                                         \
    }

#elif defined(__aarch64__)

#define THUNK(name)                                                                                           \
    __asm__(".text\n.p2align 4\nmac_pass_" #name ": adrp x16, :got:" #name "\nldr x16, [x16, :got_lo12:" #name "]\n" \
            "br x16\n");

typedef struct {
    void *stack, *general_end, *vector_end;
    int general_left, vector_left;
} linux_list;

/* Apple's arm64 puts every variadic argument on the stack, 8 bytes each; its va_list is their address. */
static void apple_list(va_list *list, void *stack)
{
    linux_list made = {stack, 0, 0, 0, 0};
    _Static_assert(sizeof made == sizeof *list, "va_list");
    __builtin_memcpy(list, &made, sizeof made);
}

/* The stack's address becomes one argument more, after the `fixed` ones. */
#define VARIADIC(result, name, fixed, parameters, last, call)                                       \
    extern void mac_##name(void) __attribute__((visibility("hidden")));                             \
    __asm__(".text\n.p2align 4\nmac_" #name ": mov x" #fixed ", sp\nb mac_listed_" #name "\n");     \
    __attribute__((used)) static result listed_##name(UNPACK parameters, void *stack) __asm__("mac_listed_" #name); \
    static result listed_##name(UNPACK parameters, void *stack)                                     \
    {                                                                                               \
        va_list rest;                                                                               \
        apple_list(&rest, stack);                                                                   \
        return call;                                                                                \
    }

#endif

#define UNPACK(...) __VA_ARGS__

#endif
