/* One call of the log: whether it may be made, the making, and what is wrong with the answer; included by fuzz.h. */

/* The number of an operation in the order of fuzz_device.promised, or -1. */
static int operation_number(UInt32 operation)
{
    static const UInt32 known[] = {'thrd', 'cycl', 'read', 'cinp', 'pinp', 'pout', 'mixo', 'pmix', 'cmix', 'rite'};
    for (int i = 0; i < 10; i++)
        if (known[i] == operation)
            return i;
    return -1;
}

static int is_realtime(const hal_call *c)
{
    return c->slot == CALL_STAMP || (c->slot >= CALL_BEGIN && c->slot <= CALL_END);
}

/* Several threads: each has clients of its own, as each process has. */
static int own_client(fuzz_thread *t, const hal_call *c)
{
    unsigned share = FUZZ_CLIENTS / FUZZ_THREADS;
    return t->f->threads < 2 || c->client >= FUZZ_CLIENTS || c->client / share == t->index;
}

/* Whether a host that keeps to the order of calls would make this one now. */
static int in_order(fuzz_thread *t, const hal_call *c)
{
    fuzz *f = t->f;
    fuzz_device *device = device_of(f, c->object);
    if (!device || c->client >= FUZZ_CLIENTS)
        return f->threads < 2 ? (f->groups & ODD_IDS) != 0 : !is_realtime(c) && (f->groups & ODD_IDS);
    int added = device->client[c->client].added, started = device->client[c->client].started;
    int number = operation_number(c->selector);
    switch (c->slot) {
    case CALL_ADD_CLIENT: return !added;
    case CALL_REMOVE_CLIENT: return added && !started;
    case CALL_START: return added && !started;
    case CALL_STOP: return started;
    case CALL_STAMP: return started;
    case CALL_BEGIN:
    case CALL_END: return started && number >= 0 && device->promised >> number & 1;
    case CALL_DO: return started && number > 1 && device->promised >> number & 1;
    }
    return 1;
}

/* A call that no host could send is left out, also where a script was shortened. */
static int may_make(fuzz_thread *t, const hal_call *c)
{
    int has_client = c->slot == CALL_ADD_CLIENT || c->slot == CALL_REMOVE_CLIENT || (c->slot >= CALL_START && c->slot <= CALL_END);
    if (c->slot == CALL_RELEASE)
        return t->references > 0;
    if (c->slot == CALL_INITIALIZE || c->slot >= STEPS_END || (c->slot >= CALL_SLOTS && c->slot < STEP_PUMP) || !c->slot)
        return 0;
    if (!has_client)
        return 1;
    if (!own_client(t, c))
        return 0;
    return in_order(t, c) || (t->f->threads < 2 && t->f->groups & ODD_ORDER);
}

/* The host knows how long the buffers of an operation are, whatever a script says. A stream that has nothing to do
 * with the operation gets room for any that there ever was. */
static void size_buffers(fuzz *f, hal_call *c)
{
    fuzz_object *o = object_of(f, c->stream);
    int native = c->selector == kAudioServerPlugInIOOperationReadInput || c->selector == kAudioServerPlugInIOOperationWriteMix;
    int number = operation_number(c->selector), input = number >= 2 && number <= 4;
    UInt32 frame = f->largest_frame;
    for (unsigned i = 0; i < f->object_count; i++) {
        fuzz_object *any = &f->objects[i];
        UInt32 bytes = native ? any->frame_bytes : 4 * any->channels;
        if (any == o && any->channels && (int)any->is_input == input) {
            frame = bytes;
            break;
        }
    }
    UInt64 least = (UInt64)c->amount * frame;
    if (least > CALL_LARGEST)
        least = c->amount = 0;
    c->main_size = c->main_size > least && c->main_size <= CALL_LARGEST ? c->main_size : (UInt32)least;
    c->second_size = c->nulls & NULL_SECOND ? 0 : c->main_size;
}

/* --- looking at the answer ------------------------------------------------------------ */

/* 0, an old error number, or four characters; anything else is memory that nobody wrote. */
static int is_status(OSStatus status)
{
    if (status <= 0 && status >= -32768)
        return 1;
    for (int shift = 0; shift < 32; shift += 8) {
        UInt8 letter = (UInt32)status >> shift & 0xFF;
        if (letter < 32 || letter > 126)
            return 0;
    }
    return 1;
}

static void check_status(fuzz_thread *t, const hal_call *c, const hal_answer *a)
{
    int counts = c->slot == CALL_ADD_REF || c->slot == CALL_RELEASE || c->slot == CALL_HAS;
    UInt32 no_interface = 0x80000004u;
    if (!counts && !is_status(a->status) && (UInt32)a->status != no_interface)
        fuzz_fail(t->f, FAIL_STATUS, "it answered %d (%#x), which is no status", (int)a->status, (unsigned)a->status);
    if (c->slot == CALL_ADD_REF && (a->status <= 0 || a->status > 1 << 20))
        fuzz_fail(t->f, FAIL_STATUS, "AddRef answered a count of %d", (int)a->status);
}

/* A reference that came with a success belongs to the host. */
static void take_reference(fuzz_thread *t, const hal_call *c, const hal_answer *a)
{
    enum fuzz_kind kind = data_kind(t->f, c->selector);
    CFTypeRef reference;
    if (c->slot != CALL_GET || a->status || a->size != sizeof reference || kind == KIND_NUMBER || c->nulls & NULL_DATA)
        return;
    memcpy(&reference, a->data, sizeof reference);
    if (reference && tympan_kind_of(reference) != TYMPAN_NO_OBJECT)
        CFRelease(reference);
    else if (kind == KIND_REFERENCE && reference)
        fuzz_fail(t->f, FAIL_REFERENCE, "it answered %p, which is no live object", reference);
}

static void check_stamp(fuzz_thread *t, const hal_call *c, const hal_answer *a)
{
    uint64_t now = mach_absolute_time();
    if (c->slot != CALL_STAMP || a->status || c->nulls)
        return;
    if (!isfinite(a->sample) || a->host > now)
        fuzz_fail(t->f, FAIL_STAMP, "it answered sample %g at host time %llu; now is %llu", a->sample,
                  (unsigned long long)a->host, (unsigned long long)now);
}

static void check_answer(fuzz_thread *t, const hal_call *c, const hal_answer *a)
{
    static const char *const regions[] = {"qualifier or cycle info", "data or main buffer", "second answer or buffer",
                                          "address or answer"};
    fuzz *f = t->f;
    if (a->fault == CALL_WROTE_BEYOND)
        fuzz_fail(f, FAIL_WROTE_BEYOND, "it wrote %s its %s", a->fact % 2 ? "before" : "beyond", regions[a->fact / 2]);
    else if (a->fault == CALL_WROTE_INPUT)
        fuzz_fail(f, FAIL_WROTE_INPUT, "it changed what it was given to read");
    else if (a->fault == CALL_TOO_LONG)
        fuzz_fail(f, FAIL_TOO_LONG, "it says that it wrote %llu bytes into %u", (unsigned long long)a->fact, c->amount);
    check_status(t, c, a);
    take_reference(t, c, a);
    check_stamp(t, c, a);
}

/* The ledger of Core Foundation objects: a release too many, a use after the end. */
static void check_ledger(fuzz *f)
{
    char text[200] = "";
    if (tympan_ledger_read().problems == f->problems)
        return;
    tympan_ledger_problem((size_t)f->problems, text, sizeof text);
    fuzz_fail(f, FAIL_LEDGER, "%s", text[0] ? text : "a wrong use of Core Foundation");
}

/* --- keeping books ------------------------------------------------------------------- */

static void count_client(fuzz_thread *t, const hal_call *c, const hal_answer *a)
{
    fuzz_device *device = device_of(t->f, c->object);
    if (!device || c->client >= FUZZ_CLIENTS || a->status)
        return;
    UInt8 *added = &device->client[c->client].added, *started = &device->client[c->client].started;
    if (c->slot == CALL_ADD_CLIENT)
        *added = 1;
    else if (c->slot == CALL_REMOVE_CLIENT)
        *added = 0;
    else if (c->slot == CALL_START && *started < 255)
        ++*started;
    else if (c->slot == CALL_STOP && *started)
        --*started;
}

static void count_call(fuzz_thread *t, const hal_call *c, const hal_answer *a)
{
    fuzz *f = t->f;
    int number = operation_number(c->selector);
    if (c->slot == CALL_ADD_REF || (c->slot == CALL_QUERY_INTERFACE && !a->status && a->found))
        t->references++;
    else if (c->slot == CALL_RELEASE)
        t->references--;
    else if (c->slot >= CALL_ADD_CLIENT && c->slot <= CALL_STOP)
        count_client(t, c, a);
    else if (c->slot == CALL_WILL_DO && !a->status && number >= 0 && device_of(f, c->object) && f->threads < 2)
        device_of(f, c->object)->promised |= (UInt32)(a->value != 0) << number;
    atomic_fetch_add_explicit(&f->shared->per_slot[c->slot], 1, memory_order_relaxed);
    if (c->slot == CALL_HAS ? a->status != 0 : a->status == 0)
        atomic_fetch_add_explicit(&f->shared->succeeded, 1, memory_order_relaxed);
}

/* Makes the call that stands in the log, or a step. Answers whether it was made. */
static int fuzz_execute(fuzz_thread *t, hal_call *c, hal_answer *a)
{
    fuzz *f = t->f;
    fuzz_shared_thread *shown = &f->shared->thread[t->index];
    int realtime = is_realtime(c), locks = c->slot >= CALL_START && c->slot <= CALL_END;
    memset(a, 0, sizeof *a);
    if (!may_make(t, c))
        return 0;
    atomic_fetch_add(&shown->begun, 1);
    if (c->slot >= STEP_PUMP) {
        fuzz_step(f, c);
    } else {
        if (locks)
            pthread_rwlock_rdlock(&f->io);
        if (c->slot == CALL_DO)
            size_buffers(f, c);
        t->holds = locks;
        t->inside = realtime;
        call_make(f->driver, NULL, c, &t->memory, a);
        t->inside = t->holds = 0;
        count_call(t, c, a);
        if (locks)
            pthread_rwlock_unlock(&f->io);
        check_answer(t, c, a);
    }
    check_ledger(f);
    atomic_fetch_add(&shown->ended, 1);
    atomic_fetch_add_explicit(&f->shared->calls, 1, memory_order_relaxed);
    return 1;
}
