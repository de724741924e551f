/* The factory: the subject's driver, with functions of the chosen double in its table. */

#include "doubles.h"

#include <stdlib.h>

void *RealFactory(CFAllocatorRef allocator, CFUUIDRef type); /* the subject's, by another name */

AudioServerPlugInDriverInterface real;
AudioServerPlugInDriverRef real_driver;
const char *chosen_double;
pthread_mutex_t common_lock = PTHREAD_MUTEX_INITIALIZER;

static void set_table(AudioServerPlugInDriverInterface *table)
{
    *table = real;
    table->HasProperty = edited_has;
    table->IsPropertySettable = edited_settable;
    table->GetPropertyDataSize = edited_size;
    table->GetPropertyData = edited_get;
    table->SetPropertyData = edited_set;
    break_calls(table);
    break_life(table);
    break_changes(table);
    break_io(table);
}

__attribute__((visibility("default"))) void *DoubleFactory(CFAllocatorRef allocator, CFUUIDRef type)
{
    static unsigned calls;
    const char *name = getenv("TYMPAN_DOUBLE");
    chosen_double = name && *name ? name : NULL;
    if (broken("factory-makes-driver") || (broken("factory-twice") && calls++))
        return NULL;
    AudioServerPlugInDriverRef driver = RealFactory(allocator, type);
    if (driver && !real_driver) {
        real_driver = driver;
        real = **driver;
    }
    if (driver)
        set_table(*driver);
    return driver;
}
