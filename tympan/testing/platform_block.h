/*
 * Blocks, ^{ ... }, as Clang compiles them: the runtime's part; included once, by _platform.pyx.
 *
 * Layout and names are those of the ABI's specification. A block begins on the stack;
 * _Block_copy moves it, and what it captured, to the heap.
 */

enum {
    BLOCK_COUNT = 0xFFFE, /* references, in steps of 2 */
    BLOCK_ON_HEAP = 1 << 24,
    BLOCK_HAS_HELPERS = 1 << 25,
    BLOCK_IS_GLOBAL = 1 << 28,
};

/* What a captured field is, as _Block_object_assign is told. */
enum { FIELD_IS_BLOCK = 7, FIELD_IS_BYREF = 8, FIELD_OF_BYREF = 128 };

typedef struct block {
    const void *class;
    atomic_int flags;
    int reserved;
    void (*invoke)(void *);
    struct {
        unsigned long reserved, size;
        void (*copy)(void *, const void *);
        void (*dispose)(const void *);
    } *descriptor;
} block;

/* A __block variable: shared by the blocks that captured it. */
typedef struct block_variable {
    const void *class;
    struct block_variable *forwarding;
    atomic_int flags;
    unsigned size;
    void (*keep)(struct block_variable *, struct block_variable *);
    void (*destroy)(struct block_variable *);
} block_variable;

PUBLIC void *_NSConcreteStackBlock[32], *_NSConcreteGlobalBlock[32], *_NSConcreteMallocBlock[32];
PUBLIC void *_Block_copy(const void *literal);
PUBLIC void _Block_release(const void *literal);
PUBLIC void _Block_object_assign(void *target, const void *source, int what);
PUBLIC void _Block_object_dispose(const void *object, int what);

void *_Block_copy(const void *literal)
{
    block *from = (block *)literal;
    if (!from || atomic_load(&from->flags) & BLOCK_IS_GLOBAL)
        return from;
    if (atomic_load(&from->flags) & BLOCK_ON_HEAP) {
        atomic_fetch_add(&from->flags, 2);
        return from;
    }
    block *copy = malloc(from->descriptor->size);
    if (!copy)
        abort();
    memcpy(copy, from, from->descriptor->size);
    copy->class = _NSConcreteMallocBlock;
    copy->flags = (from->flags & ~BLOCK_COUNT) | BLOCK_ON_HEAP | 2;
    if (copy->flags & BLOCK_HAS_HELPERS)
        copy->descriptor->copy(copy, from);
    return copy;
}

void _Block_release(const void *literal)
{
    block *old = (block *)literal;
    if (!old || !(atomic_load(&old->flags) & BLOCK_ON_HEAP))
        return;
    if ((atomic_fetch_sub(&old->flags, 2) & BLOCK_COUNT) != 2)
        return;
    if (old->flags & BLOCK_HAS_HELPERS)
        old->descriptor->dispose(old);
    free(old);
}

/* The variable's copy on the heap, which both the stack's and the heap's block use from now on. */
static block_variable *variable_copy(block_variable *from)
{
    from = from->forwarding;
    if (from->flags & BLOCK_ON_HEAP) {
        atomic_fetch_add(&from->flags, 2);
        return from;
    }
    block_variable *copy = malloc(from->size);
    if (!copy)
        abort();
    memcpy(copy, from, from->size);
    copy->flags = (from->flags & ~BLOCK_COUNT) | BLOCK_ON_HEAP | 4; /* the stack's frame and the block */
    copy->forwarding = from->forwarding = copy;
    if (copy->flags & BLOCK_HAS_HELPERS)
        copy->keep(copy, from);
    return copy;
}

static void variable_release(block_variable *old)
{
    old = old->forwarding;
    if (!(old->flags & BLOCK_ON_HEAP) || (atomic_fetch_sub(&old->flags, 2) & BLOCK_COUNT) != 2)
        return;
    if (old->flags & BLOCK_HAS_HELPERS)
        old->destroy(old);
    free(old);
}

void _Block_object_assign(void *target, const void *source, int what)
{
    const void **place = target;
    if (what & FIELD_IS_BYREF)
        *place = variable_copy((block_variable *)source);
    else if (!(what & FIELD_OF_BYREF) && (what & FIELD_IS_BLOCK) == FIELD_IS_BLOCK)
        *place = _Block_copy(source);
    else
        *place = source; /* an Objective-C object would be retained: there is none here */
}

void _Block_object_dispose(const void *object, int what)
{
    if (what & FIELD_IS_BYREF)
        variable_release((block_variable *)object);
    else if (!(what & FIELD_OF_BYREF) && (what & FIELD_IS_BLOCK) == FIELD_IS_BLOCK)
        _Block_release(object);
}

static void block_invoke(void *literal)
{
    ((block *)literal)->invoke(literal);
}

static void block_drop(void *literal)
{
    _Block_release(literal);
}
