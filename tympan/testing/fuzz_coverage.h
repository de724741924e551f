/*
 * Coverage of binaries that clang instrumented (-fsanitize-coverage=inline-8bit-counters, or
 * trace-pc-guard, optionally with trace-cmp; also -fsanitize=fuzzer-no-link); included by fuzz.h.
 *
 * The callbacks are those of SanitizerCoverage. _fuzz is loaded with its symbols visible, before the driver is.
 */

#define COVER_MODULES 32
#define COVER_EDGES ((size_t)1 << 20)
#define COVER_OPERANDS 64

static struct {
    struct { unsigned char *from; size_t count, first; } module[COVER_MODULES];
    unsigned modules;
    size_t edges;
    unsigned char *met;                /* the counts seen so far of every edge, as bits */
    unsigned char *guards;             /* counters of trace-pc-guard */
    uint32_t guard_count;
    uint64_t operands[COVER_OPERANDS]; /* what instrumented code compared with constants lately */
    unsigned operand_count;
} cover;

#pragma GCC visibility push(default)

static void cover_add(unsigned char *from, size_t count)
{
    for (unsigned i = 0; i < cover.modules; i++)
        if (cover.module[i].from == from)
            return;
    if (!count || cover.modules == COVER_MODULES || cover.edges + count > COVER_EDGES)
        return;
    cover.module[cover.modules].from = from;
    cover.module[cover.modules].count = count;
    cover.module[cover.modules++].first = cover.edges;
    cover.edges += count;
}

void __sanitizer_cov_8bit_counters_init(char *start, char *stop)
{
    cover_add((unsigned char *)start, (size_t)(stop - start));
}

void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop) { (void)start, (void)stop; }

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
    if (start == stop || *start)
        return;
    if (!cover.guards)
        cover.guards = calloc(1, COVER_EDGES);
    uint32_t first = cover.guard_count;
    for (uint32_t *guard = start; guard < stop && cover.guards && cover.guard_count + 1 < COVER_EDGES; guard++)
        *guard = ++cover.guard_count;
    if (cover.guards)
        cover_add(cover.guards + first + 1, cover.guard_count - first);
}

void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
    if (cover.guards)
        cover.guards[*guard]++;
}

/* Constants are worth trying as data. */
static inline void cover_operand(uint64_t constant)
{
    cover.operands[cover.operand_count++ % COVER_OPERANDS] = constant;
}

void __sanitizer_cov_trace_cmp1(uint8_t a, uint8_t b) { (void)a, (void)b; }
void __sanitizer_cov_trace_cmp2(uint16_t a, uint16_t b) { (void)a, (void)b; }
void __sanitizer_cov_trace_cmp4(uint32_t a, uint32_t b) { (void)a, (void)b; }
void __sanitizer_cov_trace_cmp8(uint64_t a, uint64_t b) { (void)a, (void)b; }
void __sanitizer_cov_trace_const_cmp1(uint8_t a, uint8_t b) { (void)b, cover_operand(a); }
void __sanitizer_cov_trace_const_cmp2(uint16_t a, uint16_t b) { (void)b, cover_operand(a); }
void __sanitizer_cov_trace_const_cmp4(uint32_t a, uint32_t b) { (void)b, cover_operand(a); }
void __sanitizer_cov_trace_const_cmp8(uint64_t a, uint64_t b) { (void)b, cover_operand(a); }
void __sanitizer_cov_trace_switch(uint64_t value, uint64_t *cases) { (void)value, (void)cases; }
void __sanitizer_cov_trace_div4(uint32_t value) { (void)value; }
void __sanitizer_cov_trace_div8(uint64_t value) { (void)value; }
void __sanitizer_cov_trace_gep(uintptr_t index) { (void)index; }
_Thread_local uintptr_t __sancov_lowest_stack; /* of -fsanitize=fuzzer-no-link */

void __sanitizer_cov_trace_pc_indir(uintptr_t callee) { (void)callee; }

#pragma GCC visibility pop

/* libFuzzer's classes of counts: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more. */
static unsigned char cover_class(unsigned count)
{
    return (unsigned char)(count <= 3 ? 1u << (count - 1) : count < 8 ? 8 : count < 16 ? 16 : count < 32 ? 32
                           : count < 128 ? 64 : 128);
}

/* How many inputs met an edge, and the shortest of them (its number in the corpus + 1). */
static struct { uint32_t inputs, shortest; } cover_edge[COVER_EDGES];

/* What an input met: the edges, and one that was met (or met so often) for the first time. */
static struct { size_t met[4096]; unsigned count; size_t newest; int is_new; } cover_last;

/* Whether the counters show an edge, before cover_collect(). */
static int cover_shows(size_t edge)
{
    for (unsigned m = 0; m < cover.modules; m++)
        if (edge >= cover.module[m].first && edge < cover.module[m].first + cover.module[m].count)
            return cover.module[m].from[edge - cover.module[m].first] != 0;
    return 0;
}

/* How many edges and counts are new since the last call; the counters begin again at 0. */
static unsigned cover_collect(fuzz_shared *shared)
{
    unsigned found = 0;
    cover_last.count = 0;
    cover_last.is_new = 0;
    for (unsigned m = 0; m < cover.modules; m++) {
        unsigned char *counts = cover.module[m].from, *met = cover.met + cover.module[m].first;
        size_t count = cover.module[m].count;
        for (size_t i = 0; i < count; i++) {
            uint64_t word;
            if (i + 8 <= count && (memcpy(&word, counts + i, 8), word == 0)) {
                i += 7;
                continue;
            }
            if (!counts[i])
                continue;
            unsigned char bit = cover_class(counts[i]);
            size_t edge = cover.module[m].first + i;
            if (!(met[i] & bit) && (!cover_last.is_new || !met[i]))
                cover_last.newest = edge, cover_last.is_new = 1;
            if (cover_last.count < 4096)
                cover_last.met[cover_last.count++] = edge;
            shared->edges_met += !met[i];
            found += !(met[i] & bit);
            met[i] |= bit;
        }
        memset(counts, 0, count);
    }
    return found;
}
