/* The host's side of the platform on macOS, where the real libraries answer the driver's: no ledger, and the clock is
 * the system's. The log is ours there too: extension modules have no os_log.c. */

#include "platform_log.h"

#include <time.h>

void tympan_clock_configure(int is_virtual, uint32_t numer, uint32_t denom) { (void)is_virtual, (void)numer, (void)denom; }
int tympan_clock_is_virtual(void) { return 0; }
void tympan_clock_set(uint64_t ticks) { (void)ticks; }
void tympan_clock_reach(uint64_t ticks) { mach_wait_until(ticks); }
void tympan_clock_sleep(uint64_t ticks) { (void)ticks; }

tympan_ledger tympan_ledger_read(void) { return (tympan_ledger){0}; }
uint64_t tympan_ledger_serial(void) { return 0; }
int tympan_ledger_problem(size_t index, char *text, size_t size) { (void)index, (void)text, (void)size; return 0; }
int tympan_ledger_trouble(size_t index, tympan_trouble *trouble) { (void)index, (void)trouble; return 0; }
void tympan_ledger_clear_problems(void) {}
void tympan_ledger_report(int kind, const char *call, const char *text) { (void)kind, (void)call, tympan_os_log(text); }
void tympan_ledger_immortal(int on) { (void)on; }
void tympan_ledger_caller(const void *site, char *text, size_t size) { (void)site, snprintf(text, size, "unknown code"); }

size_t tympan_ledger_live(uint64_t after, tympan_row *rows, size_t room)
{
    (void)after, (void)rows, (void)room;
    return 0;
}

/* It follows the address, as everything does there. */
int tympan_kind_of(const void *address)
{
    static CFTypeID (*const types[TYMPAN_KINDS])(void) = {
        [TYMPAN_STRING] = CFStringGetTypeID, [TYMPAN_UUID] = CFUUIDGetTypeID, [TYMPAN_URL] = CFURLGetTypeID,
        [TYMPAN_NUMBER] = CFNumberGetTypeID, [TYMPAN_BOOLEAN] = CFBooleanGetTypeID, [TYMPAN_DATA] = CFDataGetTypeID,
        [TYMPAN_ARRAY] = CFArrayGetTypeID, [TYMPAN_DICTIONARY] = CFDictionaryGetTypeID,
        [TYMPAN_DATE] = CFDateGetTypeID, [TYMPAN_NULL] = CFNullGetTypeID, [TYMPAN_ERROR] = CFErrorGetTypeID,
        [TYMPAN_BUNDLE] = CFBundleGetTypeID, [TYMPAN_ALLOCATOR] = CFAllocatorGetTypeID,
    };
    CFTypeID type = address ? CFGetTypeID(address) : 0;
    for (int kind = 1; address && kind < TYMPAN_KINDS; kind++)
        if (types[kind] && types[kind]() == type)
            return kind;
    return TYMPAN_NO_OBJECT;
}

int tympan_is_mutable(const void *address) { (void)address; return 0; }
void tympan_string_hide_pointers(int hide) { (void)hide; }
void tympan_set_hooks(const tympan_hooks *hooks) { (void)hooks; }
void tympan_bundle_add(const char *path, CFDictionaryRef info) { (void)path, (void)info; }

CFIndex tympan_text_size(const void *address)
{
    if (tympan_kind_of(address) != TYMPAN_STRING)
        return -1;
    return CFStringGetMaximumSizeForEncoding(CFStringGetLength(address), kCFStringEncodingUTF8);
}

/* What 64 bits signed do not hold becomes a real number. */
CFNumberRef tympan_number_wide(uint64_t low, int64_t high)
{
    double real = (double)low;
    if (high == ((int64_t)low < 0 ? -1 : 0))
        return CFNumberCreate(NULL, kCFNumberSInt64Type, &low);
    return CFNumberCreate(NULL, kCFNumberFloat64Type, &real);
}

int tympan_number_get_wide(CFNumberRef number, uint64_t *low, int64_t *high)
{
    if (CFNumberIsFloatType(number) || !CFNumberGetValue(number, kCFNumberSInt64Type, low))
        return 0;
    *high = (int64_t)*low < 0 ? -1 : 0;
    return 1;
}

/* Real queues run by themselves; there is no way to ask whether they are idle, so give them a moment. */
void tympan_queue_set_threaded(int threaded) { (void)threaded; }
uint64_t tympan_queue_pending(void) { return 0; }
uint64_t tympan_queue_next_timer(void) { return UINT64_MAX; }
void tympan_queue_drop_timers(void) {}
void tympan_queue_drop_work(void) {}

int64_t tympan_queue_pump(int64_t milliseconds)
{
    (void)milliseconds;
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    return 0;
}
