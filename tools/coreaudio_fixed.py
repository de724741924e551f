"""The fixed parts of what generate_coreaudio.py writes."""

HEADER_TOP = """\
 *
 * What an audio driver needs of Core Audio, CoreFoundation, Mach and libdispatch.
 *
 * On macOS these are Apple's own headers. Elsewhere it is the same ABI by the
 * same names, so that no other file needs an #ifdef; the functions are then
 * those of the simulated host's platform library. TYMPAN_OWN_DECLARATIONS is
 * for compiling for macOS on another system, which has no SDK of Apple's.
 * tests/abi/coreaudio_asserts.c holds for both.
 */

#ifndef TYMPAN_COREAUDIO_H
#define TYMPAN_COREAUDIO_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#if defined __APPLE__ && !defined TYMPAN_OWN_DECLARATIONS

#include <CoreAudio/AudioServerPlugIn.h>
#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>
#include <mach/mach_time.h>

#else
"""

HEADER_BEFORE_STRUCTS = """
typedef void (*dispatch_function_t)(void *);
typedef void *dispatch_object_t;  /* a transparent union in Apple's header */

typedef CFUUIDBytes REFIID;  /* by value, as COM on macOS has it */

typedef mach_timebase_info_data_t *mach_timebase_info_t;
typedef struct mach_timespec { unsigned int tv_sec; int tv_nsec; } mach_timespec_t;
typedef const AudioServerPlugInHostInterface *AudioServerPlugInHostRef;
typedef AudioServerPlugInDriverInterface **AudioServerPlugInDriverRef;
"""

HEADER_BEFORE_FUNCTIONS = """\
/* The platform library exports these although everything is compiled with -fvisibility=hidden. */
#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif
"""

HEADER_BLOCKS = """\
#ifdef __BLOCKS__
typedef void (^dispatch_block_t)(void);"""

HEADER_AFTER_FUNCTIONS = """\
#endif /* __BLOCKS__ */
#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

MACROS
#endif /* Apple's headers, or our own declarations */

/*
 * Apple's UUID macros make a CFUUIDRef by a call; these are the bytes alone:
 * NAME_bytes is an initialiser, tympan_NAME an array of it.
 */
"""

HEADER_BOTTOM = """
static inline int tympan_uuid_equal(CFUUIDBytes a, const UInt8 b[16])
{
    return memcmp(&a, b, sizeof a) == 0;
}

static inline CFUUIDBytes tympan_uuid_bytes(const UInt8 b[16])
{
    CFUUIDBytes uuid;
    memcpy(&uuid, b, sizeof uuid);
    return uuid;
}

/*
 * One line of text to the system's log. In a bundle it is the unified log;
 * elsewhere the platform library keeps the line. Not for realtime threads.
 */
#pragma GCC visibility push(default)
extern void tympan_os_log(const char *line);
#pragma GCC visibility pop

#endif /* TYMPAN_COREAUDIO_H */
"""

PXD_TOP = """
# Every name of coreaudio.h that a Cython file uses. A function or a slot of an
# interface never raises and never needs the GIL: the other side of it is C.
# A constant is a typed value, not an enum, so that 0xFFFFFFFF stays positive.

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.time cimport time_t


cdef extern from "coreaudio.h" nogil:"""

PXD_BEFORE_STRUCTS = """
    ctypedef CFUUIDBytes REFIID
    ctypedef void (*dispatch_function_t)(void *) noexcept nogil
    ctypedef mach_timebase_info_data_t *mach_timebase_info_t
    ctypedef const AudioServerPlugInHostInterface *AudioServerPlugInHostRef
    ctypedef AudioServerPlugInDriverInterface **AudioServerPlugInDriverRef
CALLBACKS"""

ASSERTS_TOP = """\
 *
 * Compiling this file is the test; nothing runs it. On macOS it checks the
 * table against Apple's own headers, elsewhere it checks our header.
 */

#include "coreaudio.h"

#ifdef __clang__
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
#endif

#define TYPE(type, bytes, alignment) \\
    _Static_assert(sizeof(type) == (bytes), "size of " #type); \\
    _Static_assert(_Alignof(type) == (alignment), "alignment of " #type)

#define SIGNED(type, negative) \\
    _Static_assert(((type)-1 < (type)1) == (negative), "sign of " #type)

#define FIELD(type, field, offset, bytes, pointer) \\
    _Static_assert(offsetof(type, field) == (offset), "offset of " #type "." #field); \\
    _Static_assert(sizeof(((type *)0)->field) == (bytes), "size of " #type "." #field); \\
    _Static_assert(_Generic(&((type *)0)->field, pointer: 1, default: 0), "type of " #type "." #field)

#define CONSTANT(name, type, value) \\
    _Static_assert((type)(name) == (value), #name)
"""
