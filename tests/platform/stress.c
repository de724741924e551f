/* The platform library on eight threads at once, for ThreadSanitizer and AddressSanitizer.
 *
 * Each thread does what drivers do, partly on shared objects, while another reads the ledger as the host does.
 * Nothing here is wrong, so at the end there is no problem and nothing is left.
 */

#include "platform_impl.h"

#define THREADS 8

static CFDictionaryRef shared;
static dispatch_queue_t queue;
static dispatch_semaphore_t gate;
static semaphore_t mach_gate;
static atomic_int done, events;
static int rounds;

static void count(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static CFTypeRef take(CFMutableDictionaryRef dictionary, const char *name, CFTypeRef value)
{
    CFStringRef key = CFStringCreateWithCString(NULL, name, kCFStringEncodingUTF8);
    CFDictionarySetValue(dictionary, key, value);
    CFRelease(key);
    CFRelease(value);
    return value;
}

static CFMutableDictionaryRef settings(SInt64 number)
{
    CFMutableDictionaryRef dictionary = CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                                                  &kCFTypeDictionaryValueCallBacks);
    CFMutableArrayRef list = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    for (int i = 0; i < 20; i++) {
        CFNumberRef item = CFNumberCreate(NULL, kCFNumberSInt64Type, &number);
        CFArrayAppendValue(list, item);
        CFRelease(item);
    }
    take(dictionary, "list", list);
    take(dictionary, "number", CFNumberCreate(NULL, kCFNumberSInt64Type, &number));
    take(dictionary, "data", CFDataCreate(NULL, (const UInt8 *)"0123456789", 10));
    take(dictionary, "text", CFStringCreateWithFormat(NULL, NULL, CFSTR("%@ of %lld"), CFSTR("text"), number));
    return dictionary;
}

static void one_round(SInt64 number)
{
    char text[64];
    CFMutableDictionaryRef own = settings(number);
    CFPropertyListRef copy = CFPropertyListCreateDeepCopy(NULL, own, kCFPropertyListMutableContainers);
    if (!CFEqual(own, copy) || CFDictionaryGetCount(shared) != 4)
        abort();
    CFTypeRef value = CFRetain(CFDictionaryGetValue(shared, CFSTR("text")));
    if (!CFStringGetCString(value, text, sizeof text, kCFStringEncodingUTF8))
        abort();
    CFMutableArrayRef holder = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
    CFArrayAppendValue(holder, value); /* all threads hold the same string, and let go in another order */
    CFRelease(value);
    CFStringRef described = CFCopyDescription(copy);
    CFDictionaryRemoveValue(own, CFSTR("list"));
    dispatch_async_f(queue, &done, count);
    dispatch_sync_f(queue, &events, count);
    dispatch_semaphore_signal(gate);
    semaphore_signal(mach_gate);
    if (dispatch_semaphore_wait(gate, DISPATCH_TIME_FOREVER) || semaphore_wait(mach_gate))
        abort();
    CFRelease(holder);
    CFRelease(described);
    CFRelease(copy);
    CFRelease(own);
}

static void *work(void *number)
{
    for (int i = 0; i < rounds; i++)
        one_round((SInt64)(intptr_t)number * 1000 + i);
    return NULL;
}

static atomic_int over;

static void *watch(void *unused)
{
    static tympan_row rows[64];
    tympan_trouble trouble;
    while (!atomic_load(&over)) {
        uint64_t after = 0;
        for (size_t filled = 64; filled == 64; after = filled ? rows[filled - 1].serial : after)
            filled = tympan_ledger_live(after, rows, 64);
        tympan_ledger_read();
        tympan_ledger_trouble(0, &trouble);
        tympan_queue_pending();
        tympan_queue_next_timer();
    }
    return unused;
}

int main(int count_of_arguments, char **arguments)
{
    pthread_t threads[THREADS], watcher;
    rounds = count_of_arguments > 1 ? atoi(arguments[1]) : 200;
    CFMutableDictionaryRef first = settings(7);
    shared = CFDictionaryCreateCopy(NULL, first);
    CFRelease(first);
    queue = dispatch_queue_create("shared", NULL);
    gate = dispatch_semaphore_create(0);
    semaphore_create(mach_task_self(), &mach_gate, SYNC_POLICY_FIFO, 0);
    dispatch_source_t source = dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, queue);
    tympan_clock_configure(0, 125, 3);
    dispatch_source_set_timer(source, dispatch_time(DISPATCH_TIME_NOW, 1000), NSEC_PER_MSEC, 0);
    dispatch_set_context(source, &events);
    dispatch_source_set_event_handler_f(source, count);
    dispatch_resume(source);
    tympan_queue_set_threaded(1);
    pthread_create(&watcher, NULL, watch, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    dispatch_source_cancel(source);
    dispatch_release(source);
    int64_t waited = tympan_queue_pump(10000);
    atomic_store(&over, 1);
    pthread_join(watcher, NULL);
    tympan_queue_set_threaded(0);
    dispatch_release(gate);
    dispatch_release(queue);
    semaphore_destroy(mach_task_self(), mach_gate);
    CFRelease(shared);
    tympan_trouble trouble;
    for (size_t i = 0; tympan_ledger_trouble(i, &trouble); i++)
        printf("problem: %s (%s)\n", trouble.text, trouble.caller);
    tympan_ledger ledger = tympan_ledger_read();
    printf("%d done, %llu live, %llu problems, %llu made\n", done, (unsigned long long)ledger.live,
           (unsigned long long)ledger.problems, (unsigned long long)ledger.created);
    return waited < 0 || ledger.live || ledger.problems || done != THREADS * rounds;
}
