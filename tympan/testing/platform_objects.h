/*
 * Reference-counted objects with a ledger; included once, by _platform.pyx.
 *
 * An object whose count reaches 0 becomes a tombstone: it keeps its memory, so
 * that a release too many or a use after the end is found and written down
 * instead of crashing. The oldest tombstones are freed when there are many.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_LIVE 0x74796d7021a11ce5ull
#define OBJECT_DEAD 0x74796d70deadbeefull
#define OBJECT_BUCKETS 8192u
#define TOMBSTONES_KEPT 65536u
#define PROBLEMS_KEPT 256u
#define PROBLEM_SIZE 200u

typedef struct tympan_object {
    _Atomic uint64_t magic;
    atomic_llong count;
    int kind;
    uint64_t serial;
    struct tympan_object *newer, *older; /* all live objects, by age */
    struct tympan_object *chain;         /* objects, living and dead, of one hash bucket */
    struct tympan_object *grave;         /* the next younger tombstone */
    CFIndex bytes, utf16;                /* of text */
    UInt8 uuid[16];
    char text[];                         /* string: UTF-8; URL: path; queue: label */
} tympan_object;

/* Everything but the counters and the objects' own counts is guarded by `lock`. */
static struct {
    pthread_mutex_t lock;
    tympan_object *newest, *oldest;
    tympan_object *buckets[OBJECT_BUCKETS];
    tympan_object *first_grave, *last_grave;
    uint64_t graves, serial;
    char problems[PROBLEMS_KEPT][PROBLEM_SIZE];
    atomic_ullong created, destroyed, retains, releases, problem_count;
} ledger = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *const KIND_NAMES[] = {"object", "CFString", "CFUUID", "CFURL", "dispatch queue"};

static void ledger_problem(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&ledger.lock);
    uint64_t index = atomic_fetch_add(&ledger.problem_count, 1);
    if (index < PROBLEMS_KEPT)
        vsnprintf(ledger.problems[index], PROBLEM_SIZE, format, arguments);
    pthread_mutex_unlock(&ledger.lock);
    va_end(arguments);
}

static void object_describe(const tympan_object *object, char *text, size_t size)
{
    if (object->kind == TYMPAN_UUID)
        snprintf(text, size, "%s %02X%02X%02X%02X-...", KIND_NAMES[object->kind], object->uuid[0], object->uuid[1],
                 object->uuid[2], object->uuid[3]);
    else
        snprintf(text, size, "%s \"%.80s\"", KIND_NAMES[object->kind], object->text);
}

static unsigned object_bucket(const void *address)
{
    return (unsigned)(((uintptr_t)address >> 4) * 0x9E3779B97F4A7C15ull >> 51) % OBJECT_BUCKETS;
}

static tympan_object *object_find(const void *address) /* with the lock */
{
    tympan_object *object = ledger.buckets[object_bucket(address)];
    while (object && object != address)
        object = object->chain;
    return object;
}

static tympan_object *object_create(int kind, const char *text, CFIndex bytes)
{
    tympan_object *object = calloc(1, sizeof *object + (size_t)bytes + 1);
    if (!object)
        return NULL;
    object->magic = OBJECT_LIVE;
    object->count = 1;
    object->kind = kind;
    object->bytes = bytes;
    if (bytes)
        memcpy(object->text, text, (size_t)bytes);
    atomic_fetch_add_explicit(&ledger.created, 1, memory_order_relaxed);
    pthread_mutex_lock(&ledger.lock);
    object->serial = ++ledger.serial;
    object->older = ledger.newest;
    *(ledger.newest ? &ledger.newest->newer : &ledger.oldest) = object;
    ledger.newest = object;
    tympan_object **bucket = &ledger.buckets[object_bucket(object)];
    object->chain = *bucket;
    *bucket = object;
    pthread_mutex_unlock(&ledger.lock);
    return object;
}

static void tombstone_free_oldest(void) /* with the lock */
{
    tympan_object *object = ledger.first_grave;
    ledger.first_grave = object->grave;
    ledger.graves--;
    tympan_object **link = &ledger.buckets[object_bucket(object)];
    while (*link != object)
        link = &(*link)->chain;
    *link = object->chain;
    free(object);
}

static void object_bury(tympan_object *object)
{
    atomic_fetch_add_explicit(&ledger.destroyed, 1, memory_order_relaxed);
    pthread_mutex_lock(&ledger.lock);
    object->magic = OBJECT_DEAD;
    *(object->older ? &object->older->newer : &ledger.oldest) = object->newer;
    *(object->newer ? &object->newer->older : &ledger.newest) = object->older;
    *(ledger.graves ? &ledger.last_grave->grave : &ledger.first_grave) = object;
    ledger.last_grave = object;
    if (++ledger.graves > TOMBSTONES_KEPT)
        tombstone_free_oldest();
    pthread_mutex_unlock(&ledger.lock);
}

/* The object behind a reference that a driver passed to `call`, or NULL with a problem written down. */
static tympan_object *object_check(const void *reference, const char *call)
{
    tympan_object *object = (tympan_object *)reference;
    if (!object) {
        ledger_problem("%s(NULL)", call);
        return NULL;
    }
    uint64_t magic = (uintptr_t)reference % 8 ? 0 : object->magic;
    if (magic == OBJECT_LIVE)
        return object;
    if (magic == OBJECT_DEAD) {
        char text[120];
        object_describe(object, text, sizeof text);
        ledger_problem("%s of %s, which was already released to 0", call, text);
    } else {
        ledger_problem("%s of %p, which is no object", call, reference);
    }
    return NULL;
}

static void object_retain(const void *reference, const char *call)
{
    tympan_object *object = object_check(reference, call);
    if (!object)
        return;
    atomic_fetch_add_explicit(&ledger.retains, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&object->count, 1, memory_order_relaxed);
}

static void object_release(const void *reference, const char *call)
{
    tympan_object *object = object_check(reference, call);
    if (!object)
        return;
    atomic_fetch_add_explicit(&ledger.releases, 1, memory_order_relaxed);
    if (atomic_fetch_sub_explicit(&object->count, 1, memory_order_acq_rel) == 1)
        object_bury(object);
}

tympan_ledger tympan_ledger_read(void)
{
    tympan_ledger now = {ledger.created, ledger.destroyed, ledger.retains, ledger.releases, 0, ledger.problem_count};
    now.live = now.created - now.destroyed;
    return now;
}

uint64_t tympan_ledger_serial(void)
{
    pthread_mutex_lock(&ledger.lock);
    uint64_t serial = ledger.serial;
    pthread_mutex_unlock(&ledger.lock);
    return serial;
}

uint64_t tympan_ledger_next(uint64_t after, int *kind, int64_t *count, char *text, size_t size)
{
    uint64_t serial = 0;
    pthread_mutex_lock(&ledger.lock);
    tympan_object *object = ledger.oldest;
    while (object && object->serial <= after)
        object = object->newer;
    if (object) {
        serial = object->serial;
        *kind = object->kind;
        *count = object->count;
        object_describe(object, text, size);
    }
    pthread_mutex_unlock(&ledger.lock);
    return serial;
}

int tympan_ledger_problem(size_t index, char *text, size_t size)
{
    pthread_mutex_lock(&ledger.lock);
    int there = index < ledger.problem_count && index < PROBLEMS_KEPT;
    if (there)
        snprintf(text, size, "%s", ledger.problems[index]);
    pthread_mutex_unlock(&ledger.lock);
    return there;
}

void tympan_ledger_clear_problems(void)
{
    pthread_mutex_lock(&ledger.lock);
    ledger.problem_count = 0;
    pthread_mutex_unlock(&ledger.lock);
}

int tympan_kind_of(const void *address)
{
    pthread_mutex_lock(&ledger.lock);
    tympan_object *object = object_find(address);
    int kind = object && object->magic == OBJECT_LIVE ? object->kind : TYMPAN_NO_OBJECT;
    pthread_mutex_unlock(&ledger.lock);
    return kind;
}

CFIndex tympan_text_size(const void *address)
{
    int kind = tympan_kind_of(address);
    return kind == TYMPAN_STRING || kind == TYMPAN_URL ? ((const tympan_object *)address)->bytes : -1;
}
