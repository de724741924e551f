/* HOOK_malloc, HOOK_calloc, ...: the index of each trapped function. */
#ifndef ANA_HOOK_LIST_H
#define ANA_HOOK_LIST_H

#define HOOK(kind, result, symbol, parameters, arguments) HOOK_##symbol,
#define NAMED(kind, result, symbol, name, parameters, arguments) HOOK_##symbol,
#define VOID_HOOK(kind, symbol, parameters, arguments, when) HOOK_##symbol,
#define VOID_NAMED(kind, symbol, name, parameters, arguments, when) HOOK_##symbol,
#define VA_HOOK(kind, result, symbol, parameters, last, call) HOOK_##symbol,
#define HAND(kind, symbol) HOOK_##symbol,
enum {
#include "hooks_libc.inc"
#include "hooks_other.inc"
    HOOKS
};
#undef HOOK
#undef NAMED
#undef VOID_HOOK
#undef VOID_NAMED
#undef VA_HOOK
#undef HAND

/* The real function behind a wrapper, with a type. */
#define REAL(type, parameters, symbol) ((type(*) parameters)ana_real[HOOK_##symbol])
#endif
