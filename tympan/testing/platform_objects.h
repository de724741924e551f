/*
 * Reference-counted objects; included once, by _platform.pyx.
 *
 * Every address that a driver passes is looked up before it is followed. An
 * object whose count reaches 0 becomes a tombstone: it stays in the table, so
 * that a release too many or a use after the end is found and written down
 * instead of crashing. The oldest tombstones are freed when there are many.
 */

#include <malloc.h>

#define BUCKETS 65536u
#define SHARDS 64u /* locks of the table; a power of two, and a divisor of BUCKETS */
#define TOMBSTONES_KEPT 65536u
#define TOMBSTONES_LEAST 64u
#define TOMBSTONE_BYTES (64u << 20) /* of what they hold; beyond it the oldest go earlier */

enum { IS_IMMORTAL = 1, IS_MUTABLE = 2 };

/* Every kind of object begins with this. What does not change after object_publish needs no lock. */
typedef struct tympan_object {
    const void *address;  /* what drivers hold: this object, or a constant string in a driver's own binary */
    atomic_ullong owners; /* low half: the retain count, 0 when dead; high half: how many of them are other objects,
                           * such as the array it is in, which give it up by themselves */
    int kind, flags;
    uint64_t serial;
    tympan_call made;
    unsigned thread;
    size_t weight;                       /* of a dead one: all the memory that it keeps */
    pthread_rwlock_t *lock;              /* of a mutable object's contents */
    struct tympan_object *newer, *older; /* all live objects, by age */
    struct tympan_object *chain;         /* objects, living and dead, of one bucket */
    struct tympan_object *grave;         /* the next younger tombstone */
} tympan_object;

#define OWNER 1ull
#define HOLDER (1ull << 32 | OWNER)

static int64_t count_in(unsigned long long owners)
{
    return (int64_t)(owners & 0xFFFFFFFF);
}

static int64_t held_in(unsigned long long owners)
{
    return (int64_t)(owners >> 32);
}

/* A static object that is there from the beginning. */
#define IMMORTAL(self, its_kind) {.address = &(self), .owners = OWNER, .kind = (its_kind), .flags = IS_IMMORTAL}

/* What a kind does. Any function may be missing. */
typedef struct object_class {
    const char *name;
    void (*end)(tympan_object *);                                    /* at count 0: gives up other objects */
    void (*free)(tympan_object *);                                   /* later: its own memory */
    size_t (*weigh)(tympan_object *);                                /* of that memory, by memory_of */
    int (*equal)(tympan_object *, tympan_object *, tympan_call);     /* of two of this kind */
    CFHashCode (*hash)(tympan_object *, tympan_call);
    void (*describe)(tympan_object *, char *text, size_t size);      /* for the ledger: takes no lock */
} object_class;

static const object_class CLASSES[TYMPAN_KINDS]; /* in platform_cf.h */

/* What malloc counts for a piece of memory. */
static size_t memory_of(void *memory)
{
    return memory ? malloc_usable_size(memory) + sizeof(size_t) : 0;
}

static struct {
    pthread_mutex_t lock; /* of all here but the counters */
    tympan_object *newest, *oldest;
    tympan_object *first_grave, *last_grave;
    uint64_t graves, serial;
    size_t grave_bytes;
    atomic_ullong created, destroyed, retains, releases;
} ledger = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The table by address. Lock order: ledger, then a shard. */
static tympan_object *buckets[BUCKETS];
static pthread_mutex_t shards[SHARDS] = {[0 ... SHARDS - 1] = PTHREAD_MUTEX_INITIALIZER};

static unsigned bucket_of(const void *address)
{
    return (unsigned)(((uintptr_t)address >> 4) * 0x9E3779B97F4A7C15ull >> 48) % BUCKETS;
}

static pthread_mutex_t *shard_of(const void *address)
{
    return &shards[bucket_of(address) % SHARDS];
}

/* CoreFoundation numbers its types at run time, so no number is known in advance. */
static CFTypeID type_of(int kind)
{
    return (CFTypeID)kind + 64;
}

static const char *name_of(const tympan_object *object)
{
    static const char *const mutables[TYMPAN_KINDS] = {
        [TYMPAN_STRING] = "CFMutableString", [TYMPAN_DATA] = "CFMutableData",
        [TYMPAN_ARRAY] = "CFMutableArray", [TYMPAN_DICTIONARY] = "CFMutableDictionary",
    };
    return object->flags & IS_MUTABLE ? mutables[object->kind] : CLASSES[object->kind].name;
}

static void object_describe(tympan_object *object, char *text, size_t size)
{
    if (CLASSES[object->kind].describe)
        CLASSES[object->kind].describe(object, text, size);
    else
        snprintf(text, size, "%s", name_of(object));
}

static void table_insert(tympan_object *object)
{
    pthread_mutex_lock(shard_of(object->address));
    tympan_object **bucket = &buckets[bucket_of(object->address)];
    object->chain = *bucket;
    *bucket = object;
    pthread_mutex_unlock(shard_of(object->address));
}

static void table_remove(tympan_object *object)
{
    pthread_mutex_lock(shard_of(object->address));
    tympan_object **link = &buckets[bucket_of(object->address)];
    while (*link != object)
        link = &(*link)->chain;
    *link = object->chain;
    pthread_mutex_unlock(shard_of(object->address));
}

/* The live object at an address; NULL, and what the dead one was, for a tombstone; NULL and "" for anything else. */
static tympan_object *table_find(const void *address, char *dead, size_t size)
{
    *dead = 0;
    pthread_mutex_lock(shard_of(address));
    tympan_object *object = buckets[bucket_of(address)];
    while (object && object->address != address)
        object = object->chain;
    if (object && !count_in(atomic_load_explicit(&object->owners, memory_order_acquire))) {
        object_describe(object, dead, size);
        object = NULL;
    }
    pthread_mutex_unlock(shard_of(address));
    return object;
}

/* --- life ---------------------------------------------------------------- */

static _Thread_local int makes_immortals; /* what this thread makes now, lives for ever */

void tympan_ledger_immortal(int on)
{
    makes_immortals = on ? IS_IMMORTAL : 0;
}

/* A new object of `size` bytes with a count of 1, which nobody can find before object_publish. */
static void *object_create(int kind, int flags, size_t size, tympan_call call)
{
    tympan_object *object = calloc(1, size);
    if (!object)
        abort();
    object->address = object;
    object->owners = OWNER;
    object->kind = kind;
    object->flags = flags | makes_immortals;
    object->made = call;
    object->thread = thread_number();
    if (flags & IS_MUTABLE) {
        object->lock = malloc(sizeof *object->lock);
        if (!object->lock || pthread_rwlock_init(object->lock, NULL))
            abort();
    }
    return object;
}

/* Answers what drivers hold. Immortal objects are in the table, but not in the ledger. */
static const void *object_publish(void *made)
{
    tympan_object *object = made;
    if (!(object->flags & IS_IMMORTAL)) {
        atomic_fetch_add_explicit(&ledger.created, 1, memory_order_relaxed);
        pthread_mutex_lock(&ledger.lock);
        object->serial = ++ledger.serial;
        object->older = ledger.newest;
        *(ledger.newest ? &ledger.newest->newer : &ledger.oldest) = object;
        ledger.newest = object;
        pthread_mutex_unlock(&ledger.lock);
    }
    table_insert(object);
    return object->address;
}

static void object_free(tympan_object *object)
{
    if (CLASSES[object->kind].free)
        CLASSES[object->kind].free(object);
    if (object->lock)
        pthread_rwlock_destroy(object->lock);
    free(object->lock);
    free(object);
}

static void tombstone_free_oldest(void) /* with the ledger's lock */
{
    tympan_object *object = ledger.first_grave;
    ledger.first_grave = object->grave;
    ledger.graves--;
    ledger.grave_bytes -= object->weight;
    table_remove(object);
    object_free(object);
}

static void object_bury(tympan_object *object)
{
    atomic_fetch_add_explicit(&ledger.destroyed, 1, memory_order_relaxed);
    if (CLASSES[object->kind].end)
        CLASSES[object->kind].end(object);
    object->weight = memory_of(object) + memory_of(object->lock);
    if (CLASSES[object->kind].weigh)
        object->weight += CLASSES[object->kind].weigh(object);
    pthread_mutex_lock(&ledger.lock);
    *(object->older ? &object->older->newer : &ledger.oldest) = object->newer;
    *(object->newer ? &object->newer->older : &ledger.newest) = object->older;
    *(ledger.graves ? &ledger.last_grave->grave : &ledger.first_grave) = object;
    ledger.last_grave = object;
    ledger.grave_bytes += object->weight;
    ledger.graves++;
    while (ledger.graves > TOMBSTONES_KEPT || (ledger.graves > TOMBSTONES_LEAST && ledger.grave_bytes > TOMBSTONE_BYTES))
        tombstone_free_oldest();
    pthread_mutex_unlock(&ledger.lock);
}

/* --- references from drivers ------------------------------------------------ */

static tympan_object *constant_adopt(const void *reference); /* in platform_constant.h */

/* The object behind a reference that a driver passed to `call`, or NULL with a problem written down. */
static void *object_check(const void *reference, tympan_call call)
{
    char dead[120];
    if (!reference) {
        problem(TYMPAN_NULL_REFERENCE, call, "%s(NULL)", call.name);
        return NULL;
    }
    tympan_object *object = table_find(reference, dead, sizeof dead);
    if (object || (!*dead && (object = constant_adopt(reference))))
        return object;
    int release = strcasestr(call.name, "release") != NULL;
    if (*dead)
        problem(release ? TYMPAN_OVER_RELEASE : TYMPAN_USE_AFTER_FREE, call,
                "%s of %s, which was already released to 0", call.name, dead);
    else
        problem(TYMPAN_FOREIGN, call, "%s of %p, which is no object", call.name, reference);
    return NULL;
}

/* The same, of one kind. */
static void *checked(const void *reference, int kind, tympan_call call)
{
    tympan_object *object = object_check(reference, call);
    if (object && object->kind != kind) {
        problem(TYMPAN_WRONG_TYPE, call, "%s of a %s", call.name, name_of(object));
        return NULL;
    }
    return object;
}

/* The same, of one kind and mutable. */
static void *checked_mutable(const void *reference, int kind, tympan_call call)
{
    tympan_object *object = checked(reference, kind, call);
    if (object && !(object->flags & IS_MUTABLE)) {
        char text[120];
        object_describe(object, text, sizeof text);
        problem(TYMPAN_IMMUTABLE, call, "%s of an immutable %s", call.name, text);
        return NULL;
    }
    return object;
}

/* One owner more, OWNER or HOLDER. Whether it still lived: the count of a dead object stays 0. */
static int owners_add(tympan_object *object, unsigned long long owner)
{
    unsigned long long now = atomic_load_explicit(&object->owners, memory_order_relaxed);
    while (count_in(now))
        if (atomic_compare_exchange_weak_explicit(&object->owners, &now, now + owner, memory_order_relaxed,
                                                  memory_order_relaxed))
            return 1;
    return 0;
}

/* One owner less; the owners before. Nothing changes where that owner has no share: a dead object, or, for OWNER,
 * one that only other objects own. (A container may release with our callback what it retained with its own.) */
static unsigned long long owners_take(tympan_object *object, unsigned long long owner)
{
    unsigned long long now = atomic_load_explicit(&object->owners, memory_order_relaxed);
    while (count_in(now) > (owner == OWNER ? held_in(now) : 0))
        if (atomic_compare_exchange_weak_explicit(&object->owners, &now, now - (held_in(now) ? owner : OWNER),
                                                  memory_order_acq_rel, memory_order_relaxed))
            break;
    return now;
}

/* Immortal objects have no owners. */
static const void *object_take(const void *reference, unsigned long long owner, tympan_call call)
{
    tympan_object *object = object_check(reference, call);
    if (!object || object->flags & IS_IMMORTAL)
        return reference;
    atomic_fetch_add_explicit(&ledger.retains, 1, memory_order_relaxed);
    if (!owners_add(object, owner))
        problem(TYMPAN_RACE, call, "%s of a %s that another thread releases to 0", call.name, name_of(object));
    return reference;
}

static void object_give_up(const void *reference, unsigned long long owner, tympan_call call)
{
    char text[120];
    tympan_object *object = object_check(reference, call);
    if (!object || object->flags & IS_IMMORTAL)
        return;
    unsigned long long before = owners_take(object, owner);
    if (!count_in(before)) {
        problem(TYMPAN_RACE, call, "%s of a %s that another thread releases to 0", call.name, name_of(object));
    } else if (owner == OWNER && count_in(before) == held_in(before)) {
        object_describe(object, text, sizeof text);
        problem(TYMPAN_OVER_RELEASE, call, "%s of %s, which is owned only by what holds it", call.name, text);
    } else {
        atomic_fetch_add_explicit(&ledger.releases, 1, memory_order_relaxed);
        if (count_in(before) == 1)
            object_bury(object);
    }
}

static const void *object_retain(const void *reference, tympan_call call)
{
    return object_take(reference, OWNER, call);
}

static void object_release(const void *reference, tympan_call call)
{
    object_give_up(reference, OWNER, call);
}

/* Retain and release by another object. */
static const void *object_hold(const void *reference, tympan_call call)
{
    return object_take(reference, HOLDER, call);
}

static void object_drop(const void *reference, tympan_call call)
{
    object_give_up(reference, HOLDER, call);
}

/* A reference that a caller has becomes another object's. */
static void object_own(const void *reference)
{
    char dead[8];
    tympan_object *object = table_find(reference, dead, sizeof dead);
    if (object)
        owners_add(object, HOLDER - OWNER);
}

/* object_hold of an object that may be dying; whether it lives. */
static int object_hold_living(tympan_object *object)
{
    int lives = owners_add(object, HOLDER);
    atomic_fetch_add_explicit(&ledger.retains, (unsigned)lives, memory_order_relaxed);
    return lives;
}

/* --- what the host reads ------------------------------------------------------ */

tympan_ledger tympan_ledger_read(void)
{
    tympan_ledger now = {.created = ledger.created, .destroyed = ledger.destroyed, .retains = ledger.retains,
                         .releases = ledger.releases, .problems = problems.count};
    now.live = now.created - now.destroyed;
    pthread_mutex_lock(&ledger.lock);
    now.kept = ledger.grave_bytes;
    pthread_mutex_unlock(&ledger.lock);
    return now;
}

uint64_t tympan_ledger_serial(void)
{
    pthread_mutex_lock(&ledger.lock);
    uint64_t serial = ledger.serial;
    pthread_mutex_unlock(&ledger.lock);
    return serial;
}

size_t tympan_ledger_live(uint64_t after, tympan_row *rows, size_t room)
{
    size_t filled = 0;
    pthread_mutex_lock(&ledger.lock);
    tympan_object *object = ledger.newest;
    while (object && object->older && object->older->serial > after)
        object = object->older;
    for (; object && filled < room; object = object->newer) {
        unsigned long long owners = atomic_load(&object->owners);
        if (object->serial <= after || !count_in(owners))
            continue;
        rows[filled] = (tympan_row){object->serial, count_in(owners), held_in(owners), object->kind, object->thread,
                                    object->made.name, object->made.site, ""};
        object_describe(object, rows[filled].text, sizeof rows[filled].text);
        filled++;
    }
    pthread_mutex_unlock(&ledger.lock);
    return filled;
}

int tympan_kind_of(const void *address)
{
    char dead[8];
    tympan_object *object = address ? table_find(address, dead, sizeof dead) : NULL;
    if (!object && address && !*dead)
        object = constant_adopt(address);
    return object ? object->kind : TYMPAN_NO_OBJECT;
}

int tympan_is_mutable(const void *address)
{
    char dead[8];
    tympan_object *object = address ? table_find(address, dead, sizeof dead) : NULL;
    return object && object->flags & IS_MUTABLE;
}
