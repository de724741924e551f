/* What entry.c needs to know of one bundle; table.c, which defines it, is written by tympan.bundle.table. */

#ifndef TYMPAN_TABLE_H
#define TYMPAN_TABLE_H

#include <Python.h>

extern const char tympan_module[];  /* the driver's module, "gain" */
extern const char tympan_class[];   /* the driver's class in it, "Gain" */
extern const char tympan_library[]; /* folder of extension modules below Contents, "" for a static runtime */

extern const struct _frozen tympan_frozen[];  /* pure Python modules, ends with a zero row */
extern struct _inittab tympan_builtin[];      /* the core's modules and the driver's, ends with a zero row */

#endif
