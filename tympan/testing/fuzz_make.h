/* Making up one call; included by fuzz.h. Everything comes from the thread's random numbers and from what
 * the driver answered, so the same seed makes the same calls. */

static int odd(fuzz_thread *t, unsigned group, UInt32 n)
{
    return t->f->groups & group && one_in(t, n);
}

static const UInt32 SCOPES[] = {'glob', 'inpt', 'outp', 'ptru'};
static const UInt32 OPERATIONS[] = {'thrd', 'cycl', 'read', 'cinp', 'pinp', 'pout', 'mixo', 'pmix', 'cmix', 'rite'};

/* --- ids ----------------------------------------------------------------------------- */

static UInt32 odd_id(fuzz_thread *t)
{
    static const UInt32 ids[] = {0, 1, 2, 3, 5, 99, 0x7FFFFFFF, 0xFFFFFFFF};
    return one_in(t, 4) ? (UInt32)fuzz_random(t) : ids[below(t, 8)];
}

static UInt32 some_object(fuzz_thread *t)
{
    fuzz *f = t->f;
    return odd(t, ODD_IDS, 12) || !f->object_count ? odd_id(t) : f->objects[below(t, f->object_count)].id;
}

static UInt32 some_device(fuzz_thread *t)
{
    fuzz *f = t->f;
    return odd(t, ODD_IDS, 24) || !f->device_count ? odd_id(t) : f->devices[below(t, f->device_count)].id;
}

static UInt32 some_stream(fuzz_thread *t, UInt32 device, int input)
{
    fuzz *f = t->f;
    unsigned from = below(t, f->object_count);
    for (unsigned i = 0; i < f->object_count && !odd(t, ODD_IDS, 24); i++) {
        fuzz_object *o = &f->objects[(from + i) % f->object_count];
        if (o->kind == kAudioStreamClassID && o->owner == device && (input < 0 || (int)o->is_input == input))
            return o->id;
    }
    return odd_id(t);
}

/* Each thread has its own few clients; 0 is the host. */
static UInt32 some_client(fuzz_thread *t)
{
    unsigned share = FUZZ_CLIENTS / FUZZ_THREADS;
    return odd(t, ODD_IDS, 24) ? FUZZ_CLIENTS + below(t, 1000) : t->index * share + 1 + below(t, share - 1);
}

static SInt32 some_pid(fuzz_thread *t)
{
    return one_in(t, 4) ? (SInt32)(one_in(t, 4) ? fuzz_random(t) : below(t, 600)) : 0;
}

/* --- contents -------------------------------------------------------------------------- */

static const char *const TEXTS[] = {
    "", "a", "Fuzz", "no such thing", "org.tympan.floor", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xB5", "1", "0.5",
    "a name that is longer than what most drivers have room for, and goes on and on and on, until nobody would read it any "
    "more, which is what a person does who leans on the keyboard, or a program that copies a whole page into it: tympan "
    "tympan tympan tympan tympan tympan tympan tympan tympan tympan tympan tympan tympan tympan tympan tympan tympan",
};

/* Appends to the call's payload, which is the log behind it. */
static void payload(hal_call *c, int is_data, const void *bytes, UInt32 size)
{
    memcpy((unsigned char *)(c + 1) + c->qualifier_size + c->data_size, bytes, size);
    *(is_data ? &c->data_size : &c->qualifier_size) += size;
}

static void some_text(fuzz_thread *t, hal_call *c, int is_data)
{
    const char *text = TEXTS[below(t, sizeof TEXTS / sizeof *TEXTS)];
    *(is_data ? &c->data_kind : &c->qualifier_kind) = odd(t, ODD_TYPES, 12) ? CONTENT_STRING + below(t, 7) : CONTENT_STRING;
    payload(c, is_data, text, (UInt32)strlen(text));
}

static uint64_t odd_number(fuzz_thread *t, UInt32 size)
{
    static const double reals[] = {0.0, -0.0, 1.0, -1.0, 0.5, 44100.0, 48000.0, 96000.0, 44100.5, 1e-300, 1e300, INFINITY, NAN};
    static const uint64_t whole[] = {0, 1, 2, 0x7FFFFFFF, 0x80000000u, 0xFFFFFFFF, 1ull << 63, ~0ull};
    uint64_t bits;
    if (cover.operand_count && one_in(t, 3))
        return cover.operands[below(t, cover.operand_count < COVER_OPERANDS ? cover.operand_count : COVER_OPERANDS)];
    if (one_in(t, 3)) {
        double real = reals[below(t, sizeof reals / sizeof *reals)];
        float small = (float)real;
        memcpy(&bits, &real, 8);
        if (size == 4)
            bits = 0, memcpy(&bits, &small, 4);
        return bits;
    }
    return one_in(t, 2) ? whole[below(t, 8)] : fuzz_random(t) >> below(t, 64);
}

static void some_bytes(fuzz_thread *t, unsigned char *bytes, UInt32 size)
{
    UInt32 word = size % 8 ? 4 : 8;
    for (UInt32 i = 0; i < size; i += word) {
        uint64_t value = odd_number(t, word);
        memcpy(bytes + i, &value, size - i < word ? size - i : word);
    }
}

/* A piece that some property answered: an item of a list of rates or formats is a value to set. */
static int seen_piece(fuzz_thread *t, UInt32 selector, unsigned char *bytes, UInt32 size)
{
    unsigned count = t->seen_count < FUZZ_SEEN ? t->seen_count : FUZZ_SEEN, from = below(t, count);
    for (unsigned i = 0; i < count; i++) {
        unsigned n = (from + i) % count;
        UInt32 pieces = size ? t->seen[n].size / size : 0, step = size;
        if (size == 40 && t->seen[n].size % 56 == 0)
            pieces = t->seen[n].size / 56, step = 56; /* an AudioStreamRangedDescription begins with a format */
        if (!pieces || (t->seen[n].selector != selector && one_in(t, 2)))
            continue;
        memcpy(bytes, t->seen[n].data + below(t, pieces) * step, size);
        return 1;
    }
    return 0;
}

static void remember(fuzz_thread *t, const hal_call *c, const hal_answer *a)
{
    if (c->slot != CALL_GET || a->status || !a->size || a->size > FUZZ_SEEN_SIZE || c->nulls)
        return;
    unsigned place = t->seen_count++ % FUZZ_SEEN;
    t->seen[place].selector = c->selector;
    t->seen[place].size = a->size;
    memcpy(t->seen[place].data, a->data, a->size);
}

static void set_data(fuzz_thread *t, hal_call *c, UInt32 size)
{
    unsigned char bytes[FUZZ_SEEN_SIZE];
    enum fuzz_kind kind = data_kind(t->f, c->selector);
    if (odd(t, ODD_SIZES, 10))
        size = one_in(t, 4) ? 0 : one_in(t, 2) ? below(t, 64) : size + below(t, 9) - 4;
    if (size > sizeof bytes)
        size = sizeof bytes;
    if (kind != KIND_NUMBER && size == sizeof(CFTypeRef)) {
        some_text(t, c, 1);
        return;
    }
    memset(bytes, 0, sizeof bytes);
    if (!seen_piece(t, c->selector, bytes, size) || odd(t, ODD_VALUES, 5))
        some_bytes(t, bytes, size);
    if (size && odd(t, ODD_VALUES, 6))
        bytes[below(t, size)] ^= (unsigned char)(1u << below(t, 8));
    payload(c, 1, bytes, size);
}

static void some_qualifier(fuzz_thread *t, hal_call *c)
{
    static const UInt32 classes[] = {'aobj', 'astr', 'actl', 'levl', 'togl', 'slct', 'adev', 'vlme', 'mute', 'abox'};
    enum fuzz_kind kind = qualifier_kind(c->selector);
    unsigned char bytes[64];
    UInt32 size = kind == KIND_REFERENCE ? 8 : kind == KIND_NUMBER ? 4 * (1 + below(t, 3)) : 0;
    if (kind == KIND_UNKNOWN && !one_in(t, 10))
        return;
    if (kind == KIND_UNKNOWN || odd(t, ODD_SIZES, 8))
        size = below(t, one_in(t, 4) ? sizeof bytes : 17);
    if (kind != KIND_NUMBER && size == sizeof(CFTypeRef)) {
        some_text(t, c, 0);
        return;
    }
    for (UInt32 i = 0; i < sizeof bytes; i += 4)
        memcpy(bytes + i, &classes[below(t, 10)], 4);
    if (one_in(t, 3))
        some_bytes(t, bytes, sizeof bytes);
    payload(c, 0, bytes, size);
}

/* --- properties -------------------------------------------------------------------------- */

static void some_address(fuzz_thread *t, hal_call *c, UInt32 *size)
{
    fuzz *f = t->f;
    fuzz_address nothing = {some_object(t), 0, SCOPES[below(t, 4)], below(t, 3), 4, 0};
    nothing.selector = f->selectors[below(t, f->selector_count)].code;
    fuzz_address a = f->address_count && !odd(t, ODD_IDS, 8) ? f->addresses[below(t, f->address_count)] : nothing;
    if (c->slot == CALL_SET && f->settable_count && !one_in(t, 4))
        a = f->addresses[f->settable[below(t, f->settable_count)]];
    if (odd(t, ODD_IDS, 12))
        switch (below(t, 5)) {
        case 0: a.object = some_object(t); break;
        case 1: a.scope = one_in(t, 4) ? '****' : SCOPES[below(t, 4)]; break;
        case 2: a.element = one_in(t, 4) ? 0xFFFFFFFF : below(t, 70); break;
        case 3: a.selector = one_in(t, 8) ? (UInt32)fuzz_random(t) : nothing.selector; break;
        case 4: a.selector ^= 1u << below(t, 32); break;
        }
    c->object = a.object;
    c->selector = a.selector;
    c->scope = a.scope;
    c->element = a.element;
    *size = a.size;
}

static UInt32 some_capacity(fuzz_thread *t, UInt32 size)
{
    static const UInt32 sizes[] = {0, 1, 3, 4, 7, 8, 12, 40, 56, 64, 255, 4096, 65536};
    if (!odd(t, ODD_SIZES, 3))
        return size;
    UInt32 around = size + below(t, 9) - 4;
    return one_in(t, 2) ? sizes[below(t, 13)] : around < 65536 ? around : 0;
}

static void some_property(fuzz_thread *t, hal_call *c)
{
    static const UInt8 slots[] = {CALL_HAS, CALL_SETTABLE, CALL_SIZE, CALL_GET, CALL_GET, CALL_GET, CALL_SET};
    UInt32 size;
    c->slot = slots[below(t, sizeof slots)];
    c->pid = some_pid(t);
    some_address(t, c, &size);
    if (odd(t, ODD_NULLS, 40))
        c->nulls = (UInt8)(1u << below(t, 5));
    if (c->slot == CALL_SIZE || c->slot == CALL_GET)
        some_qualifier(t, c);
    if (c->slot == CALL_GET) {
        c->amount = some_capacity(t, size);
        if (c->selector == kAudioLevelControlPropertyConvertScalarToDecibels ||
            c->selector == kAudioLevelControlPropertyConvertDecibelsToScalar) {
            uint64_t number = odd_number(t, 4);
            payload(c, 1, &number, 4);
        }
    } else if (c->slot == CALL_SET) {
        set_data(t, c, size ? size : 4);
    }
}

/* --- life ----------------------------------------------------------------------------------- */

static void some_life(fuzz_thread *t, hal_call *c)
{
    static const UInt8 slots[] = {CALL_QUERY_INTERFACE, CALL_ADD_REF, CALL_RELEASE, CALL_CREATE_DEVICE, CALL_DESTROY_DEVICE,
                                  CALL_ABORT, CALL_PERFORM};
    unsigned char uuid[16];
    c->slot = slots[below(t, t->f->groups & ODD_IDS && t->f->threads < 2 ? 7 : 5)];
    c->object = some_device(t);
    if (c->slot == CALL_QUERY_INTERFACE) {
        some_bytes(t, uuid, sizeof uuid);
        int which = (int)below(t, 3);
        payload(c, 1, which == 0 ? uuid : which == 1 ? tympan_IUnknownUUID : tympan_kAudioServerPlugInDriverInterfaceUUID, 16);
    }
    if (c->slot >= CALL_PERFORM) /* of a change that nobody requested; its info is never more than NULL */
        c->action = one_in(t, 2) ? below(t, 16) : fuzz_random(t);
    if (odd(t, ODD_NULLS, 8))
        c->nulls = NULL_OUT;
}
