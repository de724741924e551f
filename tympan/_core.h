/* Every plug-in of the process. A bundle has one; a test process has one per
 * driver class it attaches. Entries look a driver reference up here, so that a
 * foreign one is refused. Included by _hal's C file only. */
#ifndef TYMPAN_CORE_H
#define TYMPAN_CORE_H

#include <stdint.h>

#define TY_MAX_CORES 256
static void *ty_cores[TY_MAX_CORES]; /* atomic; NULL: free */
static uint32_t ty_core_count;       /* atomic; never shrinks */

#endif
