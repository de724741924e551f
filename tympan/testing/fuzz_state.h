/* What the fuzzer knows of the driver and of its own host; included by fuzz.h. One per process. */

#define FUZZ_OBJECTS 64
#define FUZZ_ADDRESSES 4096
#define FUZZ_DEVICES 8
#define FUZZ_CLIENTS 64   /* ids below this are counted */
#define FUZZ_REQUESTS 64
#define FUZZ_KEYS 16
#define FUZZ_PLAN 48
#define FUZZ_SEEN 32
#define FUZZ_SEEN_SIZE 512

/* What of a call may be odd. */
enum fuzz_group { ODD_NULLS = 1, ODD_IDS = 2, ODD_ORDER = 4, ODD_SIZES = 8, ODD_VALUES = 16, ODD_TYPES = 32 };

typedef struct fuzz_object {
    UInt32 id, kind, owner;
    UInt32 frame_bytes, channels; /* of a stream */
    UInt32 is_input;
} fuzz_object;

typedef struct fuzz_address {
    UInt32 object, selector, scope, element, size;
    int settable;
} fuzz_address;

typedef struct fuzz_device {
    UInt32 id, promised; /* operations that WillDo said yes to, as bits */
    double rate;
    struct { UInt8 added, started; } client[FUZZ_CLIENTS];
} fuzz_device;

/* A property of the standard: what its data is. */
typedef struct fuzz_selector { UInt32 code; int is_reference; } fuzz_selector;

typedef struct fuzz_thread {
    struct fuzz *f;
    unsigned index;
    uint64_t random;
    hal_memory memory;
    unsigned char *log;
    hal_call plan[FUZZ_PLAN];
    unsigned planned, next;
    AudioServerPlugInIOCycleInfo cycle;
    double times[FUZZ_DEVICES]; /* the next frame of this thread's cycles */
    struct { UInt32 selector, size; unsigned char data[FUZZ_SEEN_SIZE]; } seen[FUZZ_SEEN];
    unsigned seen_count;
    unsigned references; /* of AddRef and QueryInterface */
    int inside, holds;   /* in a realtime call; with the IO lock */
    void *signal_stack;
    pthread_t thread;
} fuzz_thread;

typedef struct fuzz {
    AudioServerPlugInDriverRef driver;
    AudioServerPlugInHostInterface host; /* drivers see a pointer to it; never freed */
    fuzz_shared *shared;
    unsigned threads, groups, per_episode;
    uint64_t seed, calls_wanted, first_episode;
    const fuzz_selector *selectors;
    unsigned selector_count;
    int guided, plays; /* plays: a script, not calls that are made up */

    fuzz_object objects[FUZZ_OBJECTS];
    unsigned object_count;
    fuzz_address addresses[FUZZ_ADDRESSES];
    unsigned address_count, settable[256], settable_count; /* settable: places of addresses */
    fuzz_device devices[FUZZ_DEVICES];
    unsigned device_count;
    fuzz_selector custom[32];
    unsigned custom_count;
    UInt32 largest_frame; /* of any stream, native or canonical, so far */
    double ticks_per_second;

    atomic_uint policy, stale;    /* stale: the object graph may have changed */
    pthread_mutex_t lock;         /* of the two lists below */
    struct { UInt32 device; UInt64 action; void *info; } requests[FUZZ_REQUESTS];
    unsigned request_count;
    struct { CFStringRef key; CFPropertyListRef value; } stored[FUZZ_KEYS];
    pthread_rwlock_t io;          /* IO reads, a configuration change writes */
    pthread_barrier_t barrier;
    atomic_int stop;
    unsigned long long problems;  /* of the ledger, when the fuzzer began */
    fuzz_thread thread[FUZZ_THREADS];
} fuzz;

static fuzz the_fuzz;
static _Thread_local fuzz_thread *fuzz_self; /* NULL on the driver's own threads */
static _Thread_local int fuzz_performing;    /* in a configuration change, with the IO lock */

/* --- chance (splitmix64) ------------------------------------------------------------- */

static uint64_t fuzz_random(fuzz_thread *t)
{
    uint64_t z = t->random += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

static UInt32 below(fuzz_thread *t, UInt32 limit)
{
    return limit ? (UInt32)((fuzz_random(t) >> 32) * limit >> 32) : 0;
}

static int one_in(fuzz_thread *t, UInt32 n)
{
    return below(t, n) == 0;
}

/* --- failing ------------------------------------------------------------------------- */

/* The first failure counts, and ends the run. */
static void fuzz_fail(fuzz *f, unsigned kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fuzz_fail(fuzz *f, unsigned kind, const char *format, ...)
{
    va_list arguments;
    int running = 0;
    if (!atomic_compare_exchange_strong(&f->stop, &running, 1))
        return;
    f->shared->failure = kind;
    f->shared->failing_thread = fuzz_self ? fuzz_self->index + 1 : 0;
    va_start(arguments, format);
    vsnprintf(f->shared->text, FUZZ_TEXT, format, arguments);
    va_end(arguments);
}

static const char *code_text(UInt32 code, char text[16])
{
    int printable = 1;
    for (int i = 0; i < 4; i++) {
        text[1 + i] = (char)(code >> (24 - 8 * i));
        printable &= (unsigned char)text[1 + i] >= 32 && (unsigned char)text[1 + i] < 127;
    }
    text[0] = text[5] = '\'';
    text[6] = 0;
    if (!printable)
        snprintf(text, 16, "%d", (int)code);
    return text;
}

static fuzz_device *device_of(fuzz *f, UInt32 id)
{
    for (unsigned i = 0; i < f->device_count; i++)
        if (f->devices[i].id == id)
            return &f->devices[i];
    return NULL;
}

static fuzz_object *object_of(fuzz *f, UInt32 id)
{
    for (unsigned i = 0; i < f->object_count; i++)
        if (f->objects[i].id == id)
            return &f->objects[i];
    return NULL;
}

/* Whether a property's data, or a UID's qualifier, is a reference. Selectors that nobody knows may carry one. */
enum fuzz_kind { KIND_NUMBER, KIND_REFERENCE, KIND_UNKNOWN };

static enum fuzz_kind data_kind(fuzz *f, UInt32 selector)
{
    for (unsigned i = 0; i < f->custom_count; i++)
        if (f->custom[i].code == selector)
            return f->custom[i].is_reference ? KIND_REFERENCE : KIND_NUMBER;
    for (unsigned i = 0; i < f->selector_count; i++)
        if (f->selectors[i].code == selector)
            return f->selectors[i].is_reference ? KIND_REFERENCE : KIND_NUMBER;
    return KIND_UNKNOWN;
}

static enum fuzz_kind qualifier_kind(UInt32 selector)
{
    if (selector == kAudioPlugInPropertyTranslateUIDToDevice || selector == kAudioPlugInPropertyTranslateUIDToBox ||
        selector == kAudioPlugInPropertyTranslateUIDToClockDevice)
        return KIND_REFERENCE;
    return selector == kAudioObjectPropertyOwnedObjects || selector == kAudioSelectorControlPropertyItemName ||
           selector == kAudioSelectorControlPropertyItemKind ? KIND_NUMBER : KIND_UNKNOWN;
}
