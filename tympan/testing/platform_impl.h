/* All definitions of platform.h, for the one translation unit that has them (_platform.pyx). */

#include "platform.h"

#ifdef __APPLE__
#include "platform_apple.h"
#else
#include "platform_clock.h"
#include "platform_log.h"
#include "platform_objects.h"
#include "platform_cf.h"
#include "platform_queue.h"
#endif
