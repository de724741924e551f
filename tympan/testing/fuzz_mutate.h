/* Changing inputs that reached something new; included by fuzz.h. An input is calls, one after the other. */

#define INPUT_SIZE ((size_t)32 << 10)
#define INPUT_CALLS 64

typedef struct fuzz_input {
    size_t used;
    unsigned count, at[INPUT_CALLS + 1]; /* where each call begins, in units of 8 bytes; the end */
    _Alignas(8) unsigned char bytes[INPUT_SIZE];
} fuzz_input;

static hal_call *input_call(fuzz_input *in, unsigned i)
{
    return (hal_call *)(in->bytes + (size_t)in->at[i] * 8);
}

/* Finds the calls of `used` bytes. */
static void input_index(fuzz_input *in)
{
    size_t place = 0;
    in->count = 0;
    while (place + sizeof(hal_call) <= in->used && in->count < INPUT_CALLS) {
        in->at[in->count++] = (unsigned)(place / 8);
        place += call_size((hal_call *)(in->bytes + place));
    }
    in->at[in->count] = (unsigned)(place / 8);
    in->used = place;
}

/* Puts `size` bytes of whole calls before call `i`; nothing happens when there is no room. */
static void input_insert(fuzz_input *in, unsigned i, const void *calls, size_t size)
{
    size_t place = (size_t)in->at[i] * 8;
    if (in->used + size > INPUT_SIZE || in->count >= INPUT_CALLS)
        return;
    memmove(in->bytes + place + size, in->bytes + place, in->used - place);
    memcpy(in->bytes + place, calls, size);
    in->used += size;
    input_index(in);
}

static void input_remove(fuzz_input *in, unsigned i)
{
    size_t place = (size_t)in->at[i] * 8, next = (size_t)in->at[i + 1] * 8;
    memmove(in->bytes + place, in->bytes + next, in->used - next);
    in->used -= next - place;
    input_index(in);
}

/* A made-up call (with the rest of its plan, up to `most` calls) before call `i`. */
static void input_make(fuzz_thread *t, fuzz_input *in, unsigned i, unsigned most)
{
    _Alignas(8) unsigned char room[sizeof(hal_call) + 2048];
    for (unsigned n = 0; n < most; n++) {
        memset(room, 0, sizeof room);
        fuzz_make(t, (hal_call *)room);
        input_insert(in, i + n < in->count ? i + n : in->count, room, call_size((hal_call *)room));
        if (!t->planned)
            return;
    }
    t->planned = t->next = 0;
}

static void mutate_bytes(fuzz_thread *t, unsigned char *bytes, UInt32 size)
{
    UInt32 width = 1u << below(t, 4);
    uint64_t value = odd_number(t, width);
    if (!size)
        return;
    switch (below(t, 4)) {
    case 0: bytes[below(t, size)] ^= (unsigned char)(1u << below(t, 8)); break;
    case 1: bytes[below(t, size)] = (unsigned char)fuzz_random(t); break;
    case 2: bytes[below(t, size)] += (unsigned char)(below(t, 17) - 8); break;
    case 3:
        if (width <= size)
            memcpy(bytes + below(t, size - width + 1), &value, width);
        break;
    }
}

static void mutate_fields(fuzz_thread *t, hal_call *c)
{
    UInt32 size;
    hal_call other = {0};
    some_address(t, &other, &size);
    int property = c->slot >= CALL_HAS && c->slot <= CALL_SET;
    switch (below(t, 8)) {
    case 0: c->object = property ? some_object(t) : some_device(t); break;
    case 1: c->selector = property ? other.selector : OPERATIONS[below(t, 10)]; break;
    case 2: c->scope = other.scope; break;
    case 3: c->element = below(t, 4); break;
    case 4: c->amount = property ? some_capacity(t, c->amount) : some_frames(t); break;
    case 5: c->client = some_client(t); break;
    case 6: c->pid = some_pid(t); break;
    case 7: c->action = c->slot == STEP_ADVANCE ? fuzz_random(t) >> (30 + below(t, 34)) : odd_number(t, 8); break;
    }
}

/* References are text in the payload; what is not text may become anything. */
static void mutate_call(fuzz_thread *t, hal_call *c)
{
    unsigned char *bytes = (unsigned char *)(c + 1);
    if (c->data_size && !c->data_kind && !one_in(t, 4))
        mutate_bytes(t, bytes + c->qualifier_size, c->data_size);
    else if (c->qualifier_size && !c->qualifier_kind && one_in(t, 2))
        mutate_bytes(t, bytes, c->qualifier_size);
    else
        mutate_fields(t, c);
    if (c->slot == CALL_SET && data_kind(t->f, c->selector) != KIND_NUMBER && !c->data_kind && c->data_size == sizeof(CFTypeRef))
        c->data_size -= 1; /* eight bytes would be a reference to nothing */
    if (c->qualifier_size == sizeof(CFTypeRef) && !c->qualifier_kind && c->slot <= CALL_SET &&
        qualifier_kind(c->selector) != KIND_NUMBER)
        c->qualifier_size = 0, c->data_size = 0;
}

/* Mutates call `i`; what follows closes up when it became shorter. */
static void input_mutate(fuzz_thread *t, fuzz_input *in, unsigned i)
{
    hal_call *c = input_call(in, i);
    size_t before = call_size(c), next = (size_t)in->at[i + 1] * 8;
    mutate_call(t, c);
    size_t shorter = before - call_size(c);
    memmove(in->bytes + next - shorter, in->bytes + next, in->used - next);
    in->used -= shorter;
    input_index(in);
}

static void mutate_input(fuzz_thread *t, fuzz_input *in, const fuzz_input *other)
{
    unsigned i = below(t, in->count);
    switch (in->count ? below(t, 8) : 7) {
    case 0:
    case 1:
    case 2:
    case 3: input_mutate(t, in, i); break;
    case 4: (in->count > 1 ? input_remove(in, i) : input_mutate(t, in, i)); break;
    case 5: {
        _Alignas(8) unsigned char copy[sizeof(hal_call) + 2048];
        size_t size = call_size(input_call(in, i));
        if (size <= sizeof copy)
            memcpy(copy, input_call(in, i), size), input_insert(in, below(t, in->count + 1), copy, size);
        break;
    }
    case 6:
        if (other && other->count) {
            unsigned from = below(t, other->count);
            input_insert(in, in->count, other->bytes + (size_t)other->at[from] * 8, other->used - (size_t)other->at[from] * 8);
        }
        break;
    case 7: input_make(t, in, below(t, in->count + 1), 24); break;
    }
}
