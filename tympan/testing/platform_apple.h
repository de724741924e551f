/* The host's side of the platform on macOS, where the real libraries answer the driver's.
 * The log is ours there too: extension modules have no os_log.c. */

#include "platform_log.h"

#include <mach/mach_time.h>
#include <time.h>

void tympan_clock_configure(int is_virtual, uint32_t numer, uint32_t denom) { (void)is_virtual, (void)numer, (void)denom; }
int tympan_clock_is_virtual(void) { return 0; }
void tympan_clock_set(uint64_t ticks) { (void)ticks; }
void tympan_clock_reach(uint64_t ticks) { mach_wait_until(ticks); }

tympan_ledger tympan_ledger_read(void) { return (tympan_ledger){0}; }
uint64_t tympan_ledger_serial(void) { return 0; }
int tympan_ledger_problem(size_t index, char *text, size_t size) { (void)index, (void)text, (void)size; return 0; }
void tympan_ledger_clear_problems(void) {}

uint64_t tympan_ledger_next(uint64_t after, int *kind, int64_t *count, char *text, size_t size)
{
    (void)after, (void)kind, (void)count, (void)text, (void)size;
    return 0;
}

int tympan_kind_of(const void *address)
{
    CFTypeID type = address ? CFGetTypeID(address) : 0;
    return !address ? TYMPAN_NO_OBJECT : type == CFStringGetTypeID() ? TYMPAN_STRING
         : type == CFUUIDGetTypeID() ? TYMPAN_UUID : type == CFURLGetTypeID() ? TYMPAN_URL : TYMPAN_NO_OBJECT;
}

CFIndex tympan_text_size(const void *address)
{
    if (tympan_kind_of(address) != TYMPAN_STRING)
        return -1;
    return CFStringGetMaximumSizeForEncoding(CFStringGetLength(address), kCFStringEncodingUTF8);
}

/* Real queues run by themselves; there is no way to ask whether they are idle, so give them a moment. */
void tympan_queue_set_threaded(int threaded) { (void)threaded; }
uint64_t tympan_queue_pending(void) { return 0; }

int64_t tympan_queue_pump(int64_t milliseconds)
{
    (void)milliseconds;
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    return 0;
}
