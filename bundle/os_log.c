/* tympan_os_log on macOS: a line in the unified log. Not yet run on a Mac. */

#include "coreaudio.h"

#ifndef TYMPAN_OWN_DECLARATIONS

#include <os/log.h>

#else

/* What <os/log.h>, which only Apple's SDK has, makes of os_log(). */
extern struct os_log_s _os_log_default;
extern const struct mach_header __dso_handle;
extern void _os_log_impl(const void *image, struct os_log_s *log, uint8_t type, const char *format, uint8_t *buffer,
                         uint32_t size);
#define OS_LOG_DEFAULT (&_os_log_default)
#define os_log(log, text, ...)                                                                        \
    do {                                                                                              \
        static const char format[] __attribute__((section("__TEXT,__oslogstring,cstring_literals"))) = text; \
        uint8_t buffer[__builtin_os_log_format_buffer_size(text, __VA_ARGS__)] __attribute__((aligned(16)));   \
        _os_log_impl(&__dso_handle, log, 0, format, __builtin_os_log_format(buffer, text, __VA_ARGS__), sizeof buffer); \
    } while (0)

#endif

/* [any control thread; never a realtime one, os_log may allocate] */
void tympan_os_log(const char *line)
{
    os_log(OS_LOG_DEFAULT, "%{public}s", line);
}
