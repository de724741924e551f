/*
 * CFDictionary and CFMutableDictionary; included once, by _platform.pyx.
 *
 * Pairs stand in the order in which they were added, so that runs repeat; CoreFoundation
 * promises no order. Equality of keys is asked while the contents are locked.
 */

typedef struct dictionary_object {
    tympan_object base;
    CFDictionaryKeyCallBacks keys_are;
    CFDictionaryValueCallBacks values_are;
    const void **keys, **values;
    CFHashCode *hashes;
    uint32_t *slots; /* of a hash table: place in the arrays + 1, or 0; twice as many as `room` */
    _Atomic CFIndex count;
    CFIndex room; /* a power of two */
} dictionary_object;

static const void *key_copy(CFAllocatorRef allocator, const void *key)
{
    const void *copy = CFStringCreateCopy(allocator, key);
    object_own(copy);
    return copy;
}

const CFDictionaryKeyCallBacks kCFTypeDictionaryKeyCallBacks = {
    0, collection_retain, collection_release, CFCopyDescription, CFEqual, CFHash};
const CFDictionaryKeyCallBacks kCFCopyStringDictionaryKeyCallBacks = {
    0, key_copy, collection_release, CFCopyDescription, CFEqual, CFHash};
const CFDictionaryValueCallBacks kCFTypeDictionaryValueCallBacks = {
    0, collection_retain, collection_release, CFCopyDescription, CFEqual};

static CFHashCode object_hash(const void *reference, tympan_call call); /* CFHash; in platform_cf.h */

/* --- the hash table: with the contents locked ------------------------------------------------- */

static CFHashCode key_hash(dictionary_object *dictionary, const void *key, tympan_call call)
{
    CFHashCode (*hash)(const void *) = dictionary->keys_are.hash;
    CFHashCode code = hash == CFHash ? object_hash(key, call) : hash ? hash(key) : (CFHashCode)(uintptr_t)key >> 3;
    return code * 0x9E3779B97F4A7C15ull >> 16;
}

/* The place of a key, or -1. */
static CFIndex dictionary_find(dictionary_object *dictionary, const void *key, CFHashCode hash, tympan_call call)
{
    CFIndex mask = dictionary->room * 2 - 1;
    for (CFIndex slot = (CFIndex)hash & mask; dictionary->slots[slot]; slot = (slot + 1) & mask) {
        CFIndex at = dictionary->slots[slot] - 1;
        if (dictionary->hashes[at] == hash && value_equal(dictionary->keys_are.equal, dictionary->keys[at], key, call))
            return at;
    }
    return -1;
}

static void slots_enter(dictionary_object *dictionary, CFIndex at)
{
    CFIndex mask = dictionary->room * 2 - 1, slot = (CFIndex)dictionary->hashes[at] & mask;
    while (dictionary->slots[slot])
        slot = (slot + 1) & mask;
    dictionary->slots[slot] = (uint32_t)at + 1;
}

static void slots_make_again(dictionary_object *dictionary)
{
    free(dictionary->slots);
    dictionary->slots = calloc((size_t)dictionary->room * 2, sizeof *dictionary->slots);
    if (!dictionary->slots)
        abort();
    for (CFIndex at = 0; at < dictionary->count; at++)
        slots_enter(dictionary, at);
}

static void dictionary_grow(dictionary_object *dictionary, CFIndex count)
{
    if (dictionary->slots && count <= dictionary->room)
        return;
    dictionary->room = dictionary->room ? dictionary->room : 8;
    while (dictionary->room < count)
        dictionary->room *= 2;
    size_t room = (size_t)dictionary->room;
    dictionary->keys = realloc(dictionary->keys, room * sizeof(void *));
    dictionary->values = realloc(dictionary->values, room * sizeof(void *));
    dictionary->hashes = realloc(dictionary->hashes, room * sizeof(CFHashCode));
    if (!dictionary->keys || !dictionary->values || !dictionary->hashes)
        abort();
    slots_make_again(dictionary);
}

static void dictionary_append(dictionary_object *dictionary, const void *key, const void *value, CFHashCode hash)
{
    CFIndex at = dictionary->count;
    dictionary_grow(dictionary, at + 1);
    dictionary->keys[at] = key;
    dictionary->values[at] = value;
    dictionary->hashes[at] = hash;
    dictionary->count = at + 1;
    slots_enter(dictionary, at);
}

static void dictionary_cut(dictionary_object *dictionary, CFIndex at)
{
    size_t tail = (size_t)(dictionary->count - at - 1);
    memmove(dictionary->keys + at, dictionary->keys + at + 1, tail * sizeof(void *));
    memmove(dictionary->values + at, dictionary->values + at + 1, tail * sizeof(void *));
    memmove(dictionary->hashes + at, dictionary->hashes + at + 1, tail * sizeof(CFHashCode));
    dictionary->count--;
    slots_make_again(dictionary);
}

/* --- making -------------------------------------------------------------------------------------- */

enum put_mode { PUT_ADD = 1, PUT_REPLACE = 2, PUT_SET = 3 };

/* A change of one pair: whether the key was there, and what is to be released afterwards. */
typedef struct put_result {
    int has_key, has_value;
    const void *key, *value;
} put_result;

/* With the contents locked. Takes over `key` and `value`, which are retained already, or hands them back. */
static put_result dictionary_put(dictionary_object *dictionary, const void *key, const void *value, CFHashCode hash,
                                 enum put_mode mode, tympan_call call)
{
    CFIndex at = dictionary_find(dictionary, key, hash, call);
    if (at < 0 && mode & PUT_ADD) {
        dictionary_append(dictionary, key, value, hash);
        return (put_result){0, 0, NULL, NULL};
    }
    if (at < 0 || !(mode & PUT_REPLACE))
        return (put_result){1, 1, key, value};
    const void *old = dictionary->values[at];
    dictionary->values[at] = value;
    return (put_result){1, 1, key, old};
}

static void put_release(dictionary_object *dictionary, put_result result, tympan_call call)
{
    if (result.has_value)
        value_release(dictionary->values_are.release, result.value, call);
    if (result.has_key)
        value_release(dictionary->keys_are.release, result.key, call);
}

static int pair_is_good(dictionary_object *dictionary, const void *key, const void *value, tympan_call call)
{
    int keys_are_objects = dictionary->keys_are.hash == CFHash;
    return (!keys_are_objects || object_check(key, call)) &&
           value_is_object(dictionary->values_are.retain, value, call);
}

/* Of two equal keys the first stays, as in CFDictionaryCreate. */
static const void *dictionary_make(const void **keys, const void **values, CFIndex count,
                                   const CFDictionaryKeyCallBacks *keys_are,
                                   const CFDictionaryValueCallBacks *values_are, int flags, tympan_call call)
{
    dictionary_object *dictionary = object_create(TYMPAN_DICTIONARY, flags, sizeof *dictionary, call);
    if (keys_are)
        dictionary->keys_are = *keys_are;
    if (values_are)
        dictionary->values_are = *values_are;
    dictionary_grow(dictionary, count);
    for (CFIndex i = 0; i < count; i++) {
        if (!pair_is_good(dictionary, keys[i], values[i], call))
            continue;
        const void *key = value_retain(dictionary->keys_are.retain, keys[i], call);
        const void *value = value_retain(dictionary->values_are.retain, values[i], call);
        CFHashCode hash = key_hash(dictionary, key, call);
        put_release(dictionary, dictionary_put(dictionary, key, value, hash, PUT_ADD, call), call);
    }
    return object_publish(dictionary);
}

/* The pairs as they are now; free both. */
static CFIndex dictionary_copy_pairs(dictionary_object *dictionary, const void ***keys, const void ***values,
                                     tympan_call call)
{
    int entered = contents_read(&dictionary->base, call);
    CFIndex count = dictionary->count;
    *keys = malloc(((size_t)count + 1) * sizeof(void *));
    *values = malloc(((size_t)count + 1) * sizeof(void *));
    if (!*keys || !*values)
        abort();
    memcpy(*keys, dictionary->keys, (size_t)count * sizeof(void *));
    memcpy(*values, dictionary->values, (size_t)count * sizeof(void *));
    contents_leave(&dictionary->base, entered);
    return count;
}

static const void *dictionary_copy(CFDictionaryRef reference, int flags, tympan_call call)
{
    dictionary_object *dictionary = checked(reference, TYMPAN_DICTIONARY, call);
    if (!dictionary)
        return NULL;
    const void **keys, **values;
    CFIndex count = dictionary_copy_pairs(dictionary, &keys, &values, call);
    const void *copy = dictionary_make(keys, values, count, &dictionary->keys_are, &dictionary->values_are, flags, call);
    free(keys);
    free(values);
    return copy;
}

static void dictionary_end(tympan_object *object)
{
    dictionary_object *dictionary = (dictionary_object *)object;
    tympan_call call = {object->flags & IS_MUTABLE ? "release by a CFMutableDictionary" : "release by a CFDictionary",
                        NULL};
    for (CFIndex i = 0; i < dictionary->count; i++)
        put_release(dictionary, (put_result){1, 1, dictionary->keys[i], dictionary->values[i]}, call);
}

static void dictionary_free(tympan_object *object)
{
    dictionary_object *dictionary = (dictionary_object *)object;
    free(dictionary->keys);
    free(dictionary->values);
    free(dictionary->hashes);
    free(dictionary->slots);
}

static size_t dictionary_weigh(tympan_object *object)
{
    dictionary_object *dictionary = (dictionary_object *)object;
    return memory_of(dictionary->keys) + memory_of(dictionary->values) + memory_of(dictionary->hashes) +
           memory_of(dictionary->slots);
}

CFTypeID CFDictionaryGetTypeID(void)
{
    return type_of(TYMPAN_DICTIONARY);
}

CFDictionaryRef CFDictionaryCreate(CFAllocatorRef allocator, const void **keys, const void **values, CFIndex count,
                                   const CFDictionaryKeyCallBacks *keys_are,
                                   const CFDictionaryValueCallBacks *values_are)
{
    allocator_check(allocator, CALL);
    if (!size_is(count, "count", CALL) || (count && (!keys || !values)))
        return NULL;
    return dictionary_make(keys, values, count, keys_are, values_are, 0, CALL);
}

CFDictionaryRef CFDictionaryCreateCopy(CFAllocatorRef allocator, CFDictionaryRef dictionary)
{
    allocator_check(allocator, CALL);
    return dictionary_copy(dictionary, 0, CALL);
}

/* `capacity` is a hint only. */
CFMutableDictionaryRef CFDictionaryCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
                                                 const CFDictionaryKeyCallBacks *keys_are,
                                                 const CFDictionaryValueCallBacks *values_are)
{
    allocator_check(allocator, CALL);
    if (!size_is(capacity, "capacity", CALL))
        return NULL;
    return (CFMutableDictionaryRef)dictionary_make(NULL, NULL, 0, keys_are, values_are, IS_MUTABLE, CALL);
}

CFMutableDictionaryRef CFDictionaryCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
                                                     CFDictionaryRef dictionary)
{
    allocator_check(allocator, CALL);
    if (!size_is(capacity, "capacity", CALL))
        return NULL;
    return (CFMutableDictionaryRef)dictionary_copy(dictionary, IS_MUTABLE, CALL);
}

/* --- reading --------------------------------------------------------------------------------------- */

CFIndex CFDictionaryGetCount(CFDictionaryRef reference)
{
    dictionary_object *dictionary = checked(reference, TYMPAN_DICTIONARY, CALL);
    return dictionary ? dictionary->count : 0;
}

/* Whether the key is there; *value may be NULL then. */
static int dictionary_get(CFDictionaryRef reference, const void *key, const void **value, tympan_call call)
{
    dictionary_object *dictionary = checked(reference, TYMPAN_DICTIONARY, call);
    if (!dictionary || (dictionary->keys_are.hash == CFHash && !object_check(key, call)))
        return 0;
    CFHashCode hash = key_hash(dictionary, key, call);
    int entered = contents_read(&dictionary->base, call);
    CFIndex at = dictionary_find(dictionary, key, hash, call);
    if (at >= 0)
        *value = dictionary->values[at];
    contents_leave(&dictionary->base, entered);
    return at >= 0;
}

Boolean CFDictionaryContainsKey(CFDictionaryRef dictionary, const void *key)
{
    const void *value;
    return (Boolean)dictionary_get(dictionary, key, &value, CALL);
}

const void *CFDictionaryGetValue(CFDictionaryRef dictionary, const void *key)
{
    const void *value = NULL;
    dictionary_get(dictionary, key, &value, CALL);
    return value;
}

/* `value` may be NULL, and stays what it was when the key is not there. */
Boolean CFDictionaryGetValueIfPresent(CFDictionaryRef dictionary, const void *key, const void **value)
{
    const void *found;
    int there = dictionary_get(dictionary, key, &found, CALL);
    if (there && value)
        *value = found;
    return (Boolean)there;
}

Boolean CFDictionaryContainsValue(CFDictionaryRef reference, const void *value)
{
    dictionary_object *dictionary = checked(reference, TYMPAN_DICTIONARY, CALL);
    const void **keys = NULL, **values = NULL;
    CFIndex count = dictionary ? dictionary_copy_pairs(dictionary, &keys, &values, CALL) : 0, i = 0;
    while (i < count && !value_equal(dictionary->values_are.equal, values[i], value, CALL))
        i++;
    free(keys);
    free(values);
    return i < count;
}

void CFDictionaryGetKeysAndValues(CFDictionaryRef reference, const void **keys, const void **values)
{
    dictionary_object *dictionary = checked(reference, TYMPAN_DICTIONARY, CALL);
    int entered = dictionary && contents_read(&dictionary->base, CALL);
    if (dictionary && keys)
        memcpy(keys, dictionary->keys, (size_t)dictionary->count * sizeof(void *));
    if (dictionary && values)
        memcpy(values, dictionary->values, (size_t)dictionary->count * sizeof(void *));
    contents_leave(&dictionary->base, entered);
}

void CFDictionaryApplyFunction(CFDictionaryRef reference, CFDictionaryApplierFunction function, void *context)
{
    dictionary_object *dictionary = checked(reference, TYMPAN_DICTIONARY, CALL);
    const void **keys = NULL, **values = NULL;
    CFIndex count = dictionary ? dictionary_copy_pairs(dictionary, &keys, &values, CALL) : 0;
    for (CFIndex i = 0; i < count; i++)
        function(keys[i], values[i], context);
    free(keys);
    free(values);
}

/* --- changing --------------------------------------------------------------------------------------- */

static void dictionary_change(CFMutableDictionaryRef reference, const void *key, const void *value, enum put_mode mode,
                              tympan_call call)
{
    dictionary_object *dictionary = checked_mutable(reference, TYMPAN_DICTIONARY, call);
    if (!dictionary || !pair_is_good(dictionary, key, value, call))
        return;
    put_result rest = {1, 1, value_retain(dictionary->keys_are.retain, key, call),
                       value_retain(dictionary->values_are.retain, value, call)};
    CFHashCode hash = key_hash(dictionary, rest.key, call);
    if (contents_write(&dictionary->base, call)) {
        rest = dictionary_put(dictionary, rest.key, rest.value, hash, mode, call);
        contents_leave(&dictionary->base, 1);
    }
    put_release(dictionary, rest, call);
}

void CFDictionaryAddValue(CFMutableDictionaryRef dictionary, const void *key, const void *value)
{
    dictionary_change(dictionary, key, value, PUT_ADD, CALL);
}

void CFDictionarySetValue(CFMutableDictionaryRef dictionary, const void *key, const void *value)
{
    dictionary_change(dictionary, key, value, PUT_SET, CALL);
}

void CFDictionaryReplaceValue(CFMutableDictionaryRef dictionary, const void *key, const void *value)
{
    dictionary_change(dictionary, key, value, PUT_REPLACE, CALL);
}

void CFDictionaryRemoveValue(CFMutableDictionaryRef reference, const void *key)
{
    dictionary_object *dictionary = checked_mutable(reference, TYMPAN_DICTIONARY, CALL);
    if (!dictionary || (dictionary->keys_are.hash == CFHash && !object_check(key, CALL)))
        return;
    put_result old = {0, 0, NULL, NULL};
    CFHashCode hash = key_hash(dictionary, key, CALL);
    if (contents_write(&dictionary->base, CALL)) {
        CFIndex at = dictionary_find(dictionary, key, hash, CALL);
        if (at >= 0) {
            old = (put_result){1, 1, dictionary->keys[at], dictionary->values[at]};
            dictionary_cut(dictionary, at);
        }
        contents_leave(&dictionary->base, 1);
    }
    put_release(dictionary, old, CALL);
}

void CFDictionaryRemoveAllValues(CFMutableDictionaryRef reference)
{
    dictionary_object *dictionary = checked_mutable(reference, TYMPAN_DICTIONARY, CALL);
    if (!dictionary)
        return;
    const void **keys, **values;
    CFIndex count = dictionary_copy_pairs(dictionary, &keys, &values, CALL);
    int entered = contents_write(&dictionary->base, CALL);
    if (entered) {
        dictionary->count = 0;
        slots_make_again(dictionary);
    }
    contents_leave(&dictionary->base, entered);
    for (CFIndex i = 0; entered && i < count; i++)
        put_release(dictionary, (put_result){1, 1, keys[i], values[i]}, CALL);
    free(keys);
    free(values);
}

/* --- as an object -------------------------------------------------------------------------------------- */

static int dictionary_equal(tympan_object *a, tympan_object *b, tympan_call call)
{
    dictionary_object *x = (dictionary_object *)a;
    const void **keys, **values, *other;
    CFIndex count = dictionary_copy_pairs(x, &keys, &values, call), i = 0;
    int same_count = count == ((dictionary_object *)b)->count;
    if (same_count && depth_enter(call)) {
        while (i < count && dictionary_get(b->address, keys[i], &other, call) &&
               value_equal(x->values_are.equal, values[i], other, call))
            i++;
        depth_leave();
    }
    free(keys);
    free(values);
    return same_count && i == count;
}

static void dictionary_write(tympan_object *object, text_builder *builder, tympan_call call)
{
    dictionary_object *dictionary = (dictionary_object *)object;
    if (!depth_enter(call))
        return;
    const void **keys, **values;
    CFIndex count = dictionary_copy_pairs(dictionary, &keys, &values, call);
    text_print(builder, "{");
    for (CFIndex i = 0; i < count; i++) {
        text_add(builder, ", ", i ? 2 : 0);
        if (dictionary->keys_are.hash == CFHash)
            object_write(keys[i], builder, 1, call);
        else
            text_print(builder, "%p", keys[i]);
        text_print(builder, " = ");
        if (holds_objects(dictionary->values_are.retain))
            object_write(values[i], builder, 1, call);
        else
            text_print(builder, "%p", values[i]);
    }
    text_print(builder, "}");
    free(keys);
    free(values);
    depth_leave();
}

static void dictionary_describe(tympan_object *object, char *text, size_t size)
{
    snprintf(text, size, "%s of %ld", name_of(object), ((dictionary_object *)object)->count);
}
