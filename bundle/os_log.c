/* tympan_os_log on macOS: a line in the unified log. Not yet run. */

#include <os/log.h>

#include "coreaudio.h"

/* [any control thread; never a realtime one, os_log may allocate] */
void tympan_os_log(const char *line)
{
    os_log(OS_LOG_DEFAULT, "%{public}s", line);
}
