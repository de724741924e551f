/* Fixups as older linkers write them: instructions for a small machine (LC_DYLD_INFO). Included by image.h. */

typedef struct {
    const unsigned char *at, *end;
    unsigned char *place; /* the next pointer to set */
    const char *name;
    int64_t addend;
} macho_program;

/* The address of segment number `index`. */
static unsigned char *macho_segment_at(const macho_image *image, unsigned index)
{
    EACH_COMMAND(image, it)
        if (it->command == LC_SEGMENT_64 && !index--)
            return image->base + it->address;
    macho_wrong("a fixup is in a segment that is not there");
}

/* What both kinds of program can do to the place; 0 when it is something else. */
static int macho_moves(const macho_image *image, macho_program *p, unsigned segment, unsigned add, int code, int low)
{
    if (code == (int)segment)
        p->place = macho_segment_at(image, (unsigned)low) + macho_uleb(&p->at);
    else if (code == (int)add)
        p->place += macho_uleb(&p->at);
    return code == (int)segment || code == (int)add;
}

static void macho_rebase_times(const macho_image *image, macho_program *p, uint64_t times, uint64_t skip)
{
    for (; times; times--, p->place += 8 + skip)
        *(uint64_t *)p->place += (uint64_t)image->base;
}

static void macho_rebase_step(const macho_image *image, macho_program *p)
{
    int code = *p->at & 0xF0, low = *p->at++ & 0x0F;
    uint64_t times;
    if (macho_moves(image, p, 0x20, 0x30, code, low) || code <= 0x10) /* done, or of what type: pointers */
        return;
    switch (code) {
    case 0x40: /* add some pointers' size */
        p->place += 8 * low;
        return;
    case 0x50:
        macho_rebase_times(image, p, (uint64_t)low, 0);
        return;
    case 0x60:
        macho_rebase_times(image, p, macho_uleb(&p->at), 0);
        return;
    case 0x70:
        macho_rebase_times(image, p, 1, macho_uleb(&p->at));
        return;
    case 0x80:
        times = macho_uleb(&p->at);
        macho_rebase_times(image, p, times, macho_uleb(&p->at));
        return;
    }
    macho_wrong("a rebase instruction 0x%02x, which is not known here", (unsigned)code);
}

static void macho_bind_times(macho_program *p, macho_answer answer, uint64_t times, uint64_t skip)
{
    for (; times; times--, p->place += 8 + skip)
        *(uint64_t *)p->place = (uint64_t)answer(p->name) + (uint64_t)p->addend;
}

static int64_t macho_sleb(const unsigned char **at)
{
    const unsigned char *begin = *at;
    uint64_t value = macho_uleb(at);
    int bits = 7 * (int)(*at - begin);
    return bits < 64 && value >> (bits - 1) & 1 ? (int64_t)(value | ~0ull << bits) : (int64_t)value;
}

/* A name; one that may be missing has a flag. */
static void macho_bind_name(macho_program *p, int flags)
{
    p->name = (const char *)p->at;
    p->at += strlen(p->name) + 1;
    if (flags & 1)
        macho_wrong("the import %s is weak", p->name);
}

static void macho_bind_step(const macho_image *image, macho_program *p, macho_answer answer)
{
    int code = *p->at & 0xF0, low = *p->at++ & 0x0F;
    uint64_t times;
    if (macho_moves(image, p, 0x70, 0x80, code, low))
        return;
    switch (code) {
    case 0x00: case 0x10: case 0x30: case 0x50: /* done, from which library, of what type: pointers */
        return;
    case 0x20:
        macho_uleb(&p->at);
        return;
    case 0x40:
        macho_bind_name(p, low);
        return;
    case 0x60:
        p->addend = macho_sleb(&p->at);
        return;
    case 0x90:
        macho_bind_times(p, answer, 1, 0);
        return;
    case 0xA0:
        macho_bind_times(p, answer, 1, macho_uleb(&p->at));
        return;
    case 0xB0:
        macho_bind_times(p, answer, 1, 8 * (uint64_t)low);
        return;
    case 0xC0:
        times = macho_uleb(&p->at);
        macho_bind_times(p, answer, times, macho_uleb(&p->at));
        return;
    }
    macho_wrong("a bind instruction 0x%02x, which is not known here", (unsigned)code);
}

static macho_program macho_program_of(const macho_image *image, int number)
{
    const unsigned char *begin = image->file + image->programs[2 * number];
    return (macho_program){begin, begin + image->programs[2 * number + 1], image->base, "", 0};
}

/* Rebases, binds, and what dyld would bind late, all at once. Weak definitions are not for bundles. */
static void macho_programs(const macho_image *image, macho_answer answer)
{
    enum { REBASE, BIND, WEAK, LAZY };
    macho_program rebase = macho_program_of(image, REBASE);
    while (rebase.at < rebase.end)
        macho_rebase_step(image, &rebase);
    for (int number = BIND; number <= LAZY; number++) {
        macho_program bind = macho_program_of(image, number);
        if (number == WEAK && bind.at < bind.end)
            macho_wrong("the slice has weak definitions, which are not known here");
        while (bind.at < bind.end)
            macho_bind_step(image, &bind, answer);
    }
}
