/* Threads that exchange COUNT items through one primitive and look at every
 * one: `primitives NAME COUNT` prints what it did, or FAILED and the reason.
 * Compiled with and without ThreadSanitizer, and with headers that a test broke. */
#include "stress.h"

#include "_double_buffer.h"
#include "_mpsc.h"
#include "_ramp.h"
#include "_spsc.h"

/* What two threads write is a cache line apart, wherever the struct begins. */
#define APART(type, one, other) \
    _Static_assert(offsetof(type, other) >= offsetof(type, one) + sizeof(((type *)0)->one) + TY_LINE, #one)
APART(ty_spsc, mask, head);
APART(ty_spsc, refused, tail);
APART(ty_double, writer, shown);
APART(ty_double, side, readers0);
APART(ty_double, readers0, readers1);
APART(ty_mpsc, mask, head);
APART(ty_mpsc, dropped, tail);
APART(ty_ramp, target, exponential);

typedef struct {
    uint64_t number, mark, twice, who;
} Item;

static Item make_item(uint64_t who, uint64_t number) {
    Item item = {number, stress_mark(number), 2 * number, who};
    return item;
}
static void check_item(const Item *item, uint64_t number) {
    if (item->number != number || item->mark != stress_mark(number) || item->twice != 2 * number)
        fail("item %llu in place of %llu", (unsigned long long)item->number, (unsigned long long)number);
}

/* ---- rings: all arrives, in order, whole ---- */

static ty_spsc ring;

static void *struct_producer(void *unused) {
    (void)unused;
    stress_together();
    for (uint64_t n = 0; n < stress_count;) {
        Item item = make_item(0, n);
        if (ty_spsc_push_one(&ring, &item, sizeof item))
            n++;
        else
            sched_yield();
    }
    return NULL;
}
static void *struct_consumer(void *unused) {
    (void)unused;
    stress_together();
    for (uint64_t n = 0; n < stress_count;) {
        Item item;
        if (ty_spsc_pop_one(&ring, &item, sizeof item))
            check_item(&item, n++);
        else
            sched_yield();
    }
    return NULL;
}
static void stress_structs(void) {
    ty_spsc_create(&ring, sizeof(Item), 100);
    stress_run(2, (void *(*[])(void *)){struct_producer, struct_consumer});
}

enum { CHANNELS = 3, MOST_FRAMES = 40 };
static uint32_t samples_done;

static float sample_of(uint64_t frame, uint64_t channel) { return (float)((frame * CHANNELS + channel) & 0xFFFFFF); }

/* Each push is an exchange; its frames are 1 to 8, at times more than there is room for. */
static void *sample_producer(void *unused) {
    uint64_t state = 1, frame = 0, pushes = 0;
    float block[MOST_FRAMES * CHANNELS];
    (void)unused;
    stress_together();
    while (pushes < stress_count) {
        uint64_t want = 1 + stress_random(&state) % 8, taken;
        if (stress_random(&state) % 64 == 0) want = MOST_FRAMES;
        for (uint64_t i = 0; i < want * CHANNELS; i++) block[i] = sample_of(frame + i / CHANNELS, i % CHANNELS);
        taken = ty_spsc_push(&ring, block, want);
        frame += taken;
        if (taken)
            pushes++;
        else
            sched_yield();
    }
    block[0] = -1; /* the end, again and again, because the consumer drops some frames */
    while (!ty_load_acquire_u32(&samples_done)) {
        ty_spsc_push(&ring, block, 1);
        sched_yield();
    }
    return NULL;
}
static void *sample_consumer(void *unused) {
    uint64_t state = 2, frame = 0;
    float block[MOST_FRAMES * CHANNELS];
    (void)unused;
    stress_together();
    for (;;) {
        uint64_t there = ty_spsc_pop(&ring, block, 1 + stress_random(&state) % MOST_FRAMES);
        if (!there) sched_yield();
        for (uint64_t i = 0; i < there * CHANNELS; i++) {
            if (block[i] == -1) {
                ty_store_release_u32(&samples_done, 1);
                return NULL;
            }
            if (block[i] != sample_of(frame + i / CHANNELS, i % CHANNELS))
                fail("a wrong sample in frame %llu", (unsigned long long)frame);
        }
        frame += there;
        if (there == 3) frame += ty_spsc_discard(&ring, 2);
    }
}
static void stress_samples(void) {
    ty_spsc_create(&ring, CHANNELS * sizeof(float), 331); /* no power of two */
    stress_run(2, (void *(*[])(void *)){sample_producer, sample_consumer});
}

/* ---- double buffer: every version whole, none older than the one before ---- */

enum { WORDS = 24, READERS = 2 };
static ty_double buffer;
static uint32_t readers_left = READERS;

static void check_block(const uint64_t *block, uint64_t version, uint64_t *newest) {
    for (int i = 0; i < WORDS; i++)
        if (block[i] != stress_mark(version) + (uint64_t)i)
            fail("a block of version %llu is not whole", (unsigned long long)version);
    if (version < *newest) fail("version %llu after %llu", (unsigned long long)version, (unsigned long long)*newest);
    *newest = version;
}
static void *buffer_reader(void *number) {
    uint64_t block[WORDS], newest = 0;
    stress_together();
    for (uint64_t n = 0; n < stress_count / READERS; n++) {
        uint32_t ticket;
        if (n % 2) {
            uint64_t version = ty_double_load(&buffer, block, sizeof block);
            check_block(block, version, &newest);
        } else {
            const uint64_t *shown = ty_double_acquire(&buffer, &ticket);
            check_block(shown, buffer.version[ticket >> 1], &newest);
            ty_double_release(&buffer, ticket);
        }
    }
    ty_add_u32(&readers_left, (uint32_t)-1);
    return number;
}
static void *buffer_writer(void *unused) {
    uint64_t block[WORDS], version = 1;
    (void)unused;
    stress_together();
    while (ty_load_acquire_u32(&readers_left)) {
        version++;
        for (int i = 0; i < WORDS; i++) block[i] = stress_mark(version) + (uint64_t)i;
        if (!ty_double_store(&buffer, block, 200000)) fail("a reader kept the writer waiting for 10 s");
    }
    printf("%llu versions, ", (unsigned long long)version);
    return NULL;
}
static void stress_double(void) {
    uint64_t block[WORDS];
    for (int i = 0; i < WORDS; i++) block[i] = stress_mark(1) + (uint64_t)i;
    ty_double_create(&buffer, block, sizeof block);
    stress_run(3, (void *(*[])(void *)){buffer_writer, buffer_reader, buffer_reader});
}

/* ---- parameters: each value whole; a ramp without a jump ---- */

static ty_parameter parameter = {0, -1e300, 1e300};
static uint32_t parameter_done;

/* Whole numbers below 2^26, and the same again as a fraction: half a double would show. */
static double value_of(uint64_t n) { return (double)(n % 67108864) * (1 + 1.0 / 67108864); }

static void *parameter_setter(void *unused) {
    stress_together();
    for (uint64_t n = 1; !ty_load_acquire_u32(&parameter_done); n++) ty_parameter_set(&parameter, value_of(n));
    return unused;
}
static void *parameter_getter(void *unused) {
    stress_together();
    for (uint64_t n = 0; n < stress_count; n++) {
        double value = ty_parameter_get(&parameter);
        if (value != value_of((uint64_t)value)) fail("a value of two halves: %a", value);
    }
    ty_store_release_u32(&parameter_done, 1);
    return unused;
}
static void stress_parameter(void) { stress_run(2, (void *(*[])(void *)){parameter_setter, parameter_getter}); }

enum { RAMP = 480 };
static ty_ramp ramp;

static void *ramp_setter(void *unused) {
    uint64_t state = 3;
    stress_together();
    while (!ty_load_acquire_u32(&parameter_done)) {
        ty_parameter_set(&ramp.target, (double)(stress_random(&state) % 1001) / 500 - 1);
        for (int i = 0; i < 50; i++) sched_yield();
    }
    return unused;
}
static void *ramp_follower(void *unused) {
    float before = 0, block[64];
    stress_together();
    for (uint64_t n = 0; n < stress_count; n += 64) {
        ty_ramp_fill(&ramp, block, 64);
        for (int i = 0; i < 64; i++) {
            if (fabsf(block[i] - before) > 2.0f / RAMP + 1e-6f) fail("a step from %g to %g", before, block[i]);
            before = block[i];
        }
    }
    ty_store_release_u32(&parameter_done, 1);
    return unused;
}
static void stress_ramp(void) {
    ramp.target.minimum = -1;
    ramp.target.maximum = 1;
    ramp.length = RAMP;
    stress_run(2, (void *(*[])(void *)){ramp_setter, ramp_follower});
}

/* ---- log: each producer's records in order, whole; none but the dropped ones missing ---- */

enum { PRODUCERS = 3 };
static ty_mpsc records;
static uint32_t producers_left = PRODUCERS;

static void *log_producer(void *number) {
    uint64_t who = (uint64_t)(intptr_t)number;
    stress_together();
    for (uint64_t n = 0; n < stress_count / PRODUCERS; n++) {
        Item item = make_item(who, n);
        if (!ty_mpsc_push(&records, &item, sizeof item)) sched_yield();
    }
    ty_add_u32(&producers_left, (uint32_t)-1);
    return NULL;
}
static void *log_drainer(void *unused) {
    uint64_t next[PRODUCERS] = {0}, got = 0;
    stress_together();
    for (;;) {
        Item item;
        uint32_t left = ty_load_acquire_u32(&producers_left);
        if (ty_mpsc_pop(&records, &item)) {
            if (item.who >= PRODUCERS || item.number < next[item.who])
                fail("record %llu again", (unsigned long long)item.number);
            check_item(&item, item.number);
            next[item.who] = item.number + 1;
            got++;
        } else if (left) {
            sched_yield();
        } else {
            break;
        }
    }
    if (got + ty_load_u64(&records.dropped) != stress_count / PRODUCERS * PRODUCERS) fail("records are missing");
    printf("%llu dropped, ", (unsigned long long)ty_load_u64(&records.dropped));
    return unused;
}
static void stress_log(void) {
    ty_mpsc_create(&records, sizeof(Item), 64);
    stress_run(4, (void *(*[])(void *)){log_producer, log_producer, log_producer, log_drainer});
}

/* ---- counts: who takes the last reference away sees what all others did before; never below 0 ---- */

enum { OWNERS = 3 };
static uint32_t references;
static uint64_t slots[OWNERS]; /* plain: the count is what orders them */

static void *owner(void *number) {
    intptr_t who = (intptr_t)number;
    for (uint64_t n = 0; n < stress_count / OWNERS; n++) {
        if (n % 1024 == 0) {    /* all hold one; the last to let go looks at what the others left */
            stress_together();
            if (!ty_count_up(&references)) fail("the count is full");
            stress_together();
            slots[who] = n;
            if (ty_count_down(&references) == 1)
                for (int i = 0; i < OWNERS; i++)
                    if (slots[i] != n) fail("slot %d is %llu", i, (unsigned long long)slots[i]);
            stress_together();
            if (ty_count_down(&references) != 0) fail("a reference too many");
            stress_together();
        }
        if (!ty_count_up(&references)) fail("the count is full");
        if (!ty_count_down(&references)) fail("a reference was lost");
    }
    return NULL;
}
static void stress_count_up_and_down(void) {
    stress_run(OWNERS, (void *(*[])(void *)){owner, owner, owner});
    if (references) fail("%u references are left", references);
}

/* ---- state: what start_io prepared is there once IO is seen to run ---- */

enum { PREPARED = 1 << 16 };
static uint32_t running, seen; /* seen: the control thread uses no place again before */
static uint64_t prepared[PREPARED]; /* plain */

static void *control(void *unused) {
    stress_together();
    for (uint64_t n = 1; n <= stress_count; n++) {
        if (n % (PREPARED / 2) == 0)
            while ((uint32_t)n - ty_load_acquire_u32(&seen) > PREPARED / 2) sched_yield();
        prepared[n % PREPARED] = stress_mark(n);
        ty_store_release_u32(&running, (uint32_t)n);
    }
    return unused;
}
static void *cycles(void *unused) {
    uint64_t known = 0;
    stress_together();
    while (known < stress_count) {
        uint64_t now = ty_load_acquire_u32(&running);
        if (now == known) sched_yield();
        while (known < now)
            if (++known, prepared[known % PREPARED] != stress_mark(known)) fail("what was prepared is not there");
        ty_store_release_u32(&seen, (uint32_t)known);
    }
    return unused;
}
static void stress_state(void) { stress_run(2, (void *(*[])(void *)){control, cycles}); }

static const struct {
    const char *name;
    void (*run)(void);
} all[] = {
    {"structs", stress_structs}, {"samples", stress_samples}, {"double", stress_double},
    {"parameter", stress_parameter}, {"ramp", stress_ramp}, {"log", stress_log},
    {"count", stress_count_up_and_down}, {"state", stress_state},
};

int main(int arguments, char **argument) {
    if (arguments == 3)
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            if (strcmp(all[i].name, argument[1]) == 0) {
                stress_count = strtoull(argument[2], NULL, 10);
                all[i].run();
                printf("%llu exchanges\n", (unsigned long long)stress_count);
                return 0;
            }
    fputs("usage: primitives NAME COUNT\n", stderr);
    return 2;
}
