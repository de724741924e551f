/*
 * CFArray and CFMutableArray; included once, by _platform.pyx.
 *
 * Values are retained before a change and released after it, and functions of the caller are
 * called on a copy: nothing of the caller's runs while the contents are locked.
 */

typedef struct array_object {
    tympan_object base;
    CFArrayCallBacks callbacks;
    const void **values;
    _Atomic CFIndex count;
    CFIndex room;
} array_object;

/* --- what containers do with their values ------------------------------------------------- */

static const void *collection_retain(CFAllocatorRef allocator, const void *value)
{
    (void)allocator;
    return object_hold(value, (tympan_call){"retain by a container", NULL});
}

static void collection_release(CFAllocatorRef allocator, const void *value)
{
    (void)allocator;
    object_drop(value, (tympan_call){"release by a container", NULL});
}

const CFArrayCallBacks kCFTypeArrayCallBacks = {0, collection_retain, collection_release, CFCopyDescription, CFEqual};

static int holds_objects(const void *(*retain)(CFAllocatorRef, const void *))
{
    return retain == collection_retain;
}

/* Whether a container that holds objects may take this value. */
static int value_is_object(const void *(*retain)(CFAllocatorRef, const void *), const void *value, tympan_call call)
{
    return !holds_objects(retain) || object_check(value, call) != NULL;
}

static const void *value_retain(const void *(*retain)(CFAllocatorRef, const void *), const void *value, tympan_call call)
{
    return holds_objects(retain) ? object_hold(value, call) : retain ? retain(NULL, value) : value;
}

static void value_release(void (*release)(CFAllocatorRef, const void *), const void *value, tympan_call call)
{
    if (release == collection_release)
        object_drop(value, call);
    else if (release)
        release(NULL, value);
}

static int objects_equal(const void *a, const void *b, tympan_call call); /* CFEqual; in platform_cf.h */

static int value_equal(Boolean (*equal)(const void *, const void *), const void *a, const void *b, tympan_call call)
{
    return a == b || (equal == CFEqual ? objects_equal(a, b, call) : equal ? equal(a, b) : 0);
}

/* --- making ---------------------------------------------------------------------------------- */

/* Without values, not yet published. */
static array_object *array_begin(const CFArrayCallBacks *callbacks, CFIndex room, int flags, tympan_call call)
{
    array_object *array = object_create(TYMPAN_ARRAY, flags, sizeof *array, call);
    if (callbacks)
        array->callbacks = *callbacks;
    array->room = room > 4 ? room : 4;
    array->values = malloc((size_t)array->room * sizeof(void *));
    if (!array->values)
        abort();
    return array;
}

static const void *array_make(const void **values, CFIndex count, const CFArrayCallBacks *callbacks, int flags,
                              tympan_call call)
{
    array_object *array = array_begin(callbacks, count, flags, call);
    for (CFIndex i = 0; i < count; i++)
        if (value_is_object(array->callbacks.retain, values[i], call))
            array->values[array->count++] = value_retain(array->callbacks.retain, values[i], call);
    return object_publish(array);
}

static void array_end(tympan_object *object)
{
    array_object *array = (array_object *)object;
    tympan_call call = {array->base.flags & IS_MUTABLE ? "release by a CFMutableArray" : "release by a CFArray", NULL};
    for (CFIndex i = 0; i < array->count; i++)
        value_release(array->callbacks.release, array->values[i], call);
}

static void array_free(tympan_object *object)
{
    free(((array_object *)object)->values);
}

static size_t array_weigh(tympan_object *object)
{
    return memory_of(((array_object *)object)->values);
}

/* The values as they are now; free it. */
static const void **array_copy_values(array_object *array, CFIndex *count, tympan_call call)
{
    int entered = contents_read(&array->base, call);
    *count = array->count;
    const void **values = malloc(((size_t)*count + 1) * sizeof(void *));
    if (!values)
        abort();
    memcpy(values, array->values, (size_t)*count * sizeof(void *));
    contents_leave(&array->base, entered);
    return values;
}

static const void *array_copy(CFArrayRef reference, int flags, tympan_call call)
{
    array_object *array = checked(reference, TYMPAN_ARRAY, call);
    if (!array)
        return NULL;
    CFIndex count;
    const void **values = array_copy_values(array, &count, call);
    const void *copy = array_make(values, count, &array->callbacks, flags, call);
    free(values);
    return copy;
}

CFTypeID CFArrayGetTypeID(void)
{
    return type_of(TYMPAN_ARRAY);
}

CFArrayRef CFArrayCreate(CFAllocatorRef allocator, const void **values, CFIndex count, const CFArrayCallBacks *callbacks)
{
    allocator_check(allocator, CALL);
    if (!size_is(count, "count", CALL) || (!values && count))
        return NULL;
    return array_make(values, count, callbacks, 0, CALL);
}

CFArrayRef CFArrayCreateCopy(CFAllocatorRef allocator, CFArrayRef array)
{
    allocator_check(allocator, CALL);
    return array_copy(array, 0, CALL);
}

/* `capacity` is a hint only. */
CFMutableArrayRef CFArrayCreateMutable(CFAllocatorRef allocator, CFIndex capacity, const CFArrayCallBacks *callbacks)
{
    allocator_check(allocator, CALL);
    return size_is(capacity, "capacity", CALL) ? (CFMutableArrayRef)array_make(NULL, 0, callbacks, IS_MUTABLE, CALL)
                                               : NULL;
}

CFMutableArrayRef CFArrayCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity, CFArrayRef array)
{
    allocator_check(allocator, CALL);
    return size_is(capacity, "capacity", CALL) ? (CFMutableArrayRef)array_copy(array, IS_MUTABLE, CALL) : NULL;
}

/* --- reading ------------------------------------------------------------------------------------ */

CFIndex CFArrayGetCount(CFArrayRef reference)
{
    array_object *array = checked(reference, TYMPAN_ARRAY, CALL);
    return array ? array->count : 0;
}

const void *CFArrayGetValueAtIndex(CFArrayRef reference, CFIndex index)
{
    const void *value = NULL;
    array_object *array = checked(reference, TYMPAN_ARRAY, CALL);
    int entered = array && contents_read(&array->base, CALL);
    if (array && range_inside(CFRangeMake(index, 1), array->count, &array->base, CALL))
        value = array->values[index];
    contents_leave(&array->base, entered);
    return value;
}

/* The values in a range; free it. NULL when the range is outside. */
static const void **array_range(CFArrayRef reference, CFRange range, array_object **array, tympan_call call)
{
    CFIndex count;
    *array = checked(reference, TYMPAN_ARRAY, call);
    if (!*array)
        return NULL;
    const void **values = array_copy_values(*array, &count, call);
    if (range_inside(range, count, &(*array)->base, call))
        memmove(values, values + range.location, (size_t)range.length * sizeof(void *));
    else
        free(values), values = NULL;
    return values;
}

void CFArrayGetValues(CFArrayRef reference, CFRange range, const void **values)
{
    array_object *array;
    const void **copy = array_range(reference, range, &array, CALL);
    if (copy && values)
        memcpy(values, copy, (size_t)range.length * sizeof(void *));
    free(copy);
}

/* How many values equal `value`; *first: where the first is, or kCFNotFound. */
static CFIndex array_search(CFArrayRef reference, CFRange range, const void *value, CFIndex *first, tympan_call call)
{
    array_object *array;
    CFIndex found = 0;
    const void **copy = array_range(reference, range, &array, call);
    *first = kCFNotFound;
    for (CFIndex i = range.length - 1; copy && i >= 0; i--)
        if (value_equal(array->callbacks.equal, copy[i], value, call))
            found++, *first = range.location + i;
    free(copy);
    return found;
}

Boolean CFArrayContainsValue(CFArrayRef array, CFRange range, const void *value)
{
    CFIndex first;
    return array_search(array, range, value, &first, CALL) > 0;
}

CFIndex CFArrayGetFirstIndexOfValue(CFArrayRef array, CFRange range, const void *value)
{
    CFIndex first;
    array_search(array, range, value, &first, CALL);
    return first;
}

CFIndex CFArrayGetCountOfValue(CFArrayRef array, CFRange range, const void *value)
{
    CFIndex first;
    return array_search(array, range, value, &first, CALL);
}

void CFArrayApplyFunction(CFArrayRef reference, CFRange range, CFArrayApplierFunction function, void *context)
{
    array_object *array;
    const void **copy = array_range(reference, range, &array, CALL);
    for (CFIndex i = 0; copy && i < range.length; i++)
        function(copy[i], context);
    free(copy);
}

/* --- changing ------------------------------------------------------------------------------------ */

/* With the contents locked: the values in `range` give way to `count` others; the old ones go to `old`. */
static void array_replace(array_object *array, CFRange range, const void **values, CFIndex count, const void **old)
{
    CFIndex total = array->count - range.length + count, tail = array->count - range.location - range.length;
    if (total > array->room) {
        array->room = total * 2;
        array->values = realloc(array->values, (size_t)array->room * sizeof(void *));
        if (!array->values)
            abort();
    }
    const void **place = array->values + range.location;
    memcpy(old, place, (size_t)range.length * sizeof(void *));
    memmove(place + count, place + range.length, (size_t)tail * sizeof(void *));
    if (count)
        memcpy(place, values, (size_t)count * sizeof(void *));
    array->count = total;
}

/* All changes: retains the new values first and releases the old ones last, outside of the lock. */
static void array_splice(CFMutableArrayRef reference, CFRange range, const void **values, CFIndex count, int at_end,
                         tympan_call call)
{
    array_object *array = checked_mutable(reference, TYMPAN_ARRAY, call);
    for (CFIndex i = 0; array && i < count; i++)
        if (!value_is_object(array->callbacks.retain, values[i], call))
            return;
    if (!array)
        return;
    const void **added = malloc(((size_t)count + 1) * sizeof(void *)), **old = NULL;
    for (CFIndex i = 0; i < count; i++)
        added[i] = value_retain(array->callbacks.retain, values[i], call);
    int changed = 0, entered = contents_write(&array->base, call);
    if (at_end)
        range = CFRangeMake(array->count, 0);
    if (entered && range_inside(range, array->count, &array->base, call)) {
        old = malloc(((size_t)range.length + 1) * sizeof(void *));
        array_replace(array, range, added, count, old);
        changed = 1;
    }
    contents_leave(&array->base, entered);
    for (CFIndex i = 0; changed && i < range.length; i++)
        value_release(array->callbacks.release, old[i], call);
    for (CFIndex i = 0; !changed && i < count; i++)
        value_release(array->callbacks.release, added[i], call);
    free(old);
    free(added);
}

void CFArrayAppendValue(CFMutableArrayRef array, const void *value)
{
    array_splice(array, CFRangeMake(0, 0), &value, 1, 1, CALL);
}

void CFArrayInsertValueAtIndex(CFMutableArrayRef array, CFIndex index, const void *value)
{
    array_splice(array, CFRangeMake(index, 0), &value, 1, 0, CALL);
}

/* Setting the value behind the last one appends. */
void CFArraySetValueAtIndex(CFMutableArrayRef reference, CFIndex index, const void *value)
{
    array_object *array = checked_mutable(reference, TYMPAN_ARRAY, CALL);
    if (array)
        array_splice(reference, CFRangeMake(index, index != array->count), &value, 1, 0, CALL);
}

void CFArrayRemoveValueAtIndex(CFMutableArrayRef array, CFIndex index)
{
    array_splice(array, CFRangeMake(index, 1), NULL, 0, 0, CALL);
}

void CFArrayRemoveAllValues(CFMutableArrayRef reference)
{
    array_object *array = checked_mutable(reference, TYMPAN_ARRAY, CALL);
    if (array)
        array_splice(reference, CFRangeMake(0, array->count), NULL, 0, 0, CALL);
}

void CFArrayAppendArray(CFMutableArrayRef array, CFArrayRef other, CFRange range)
{
    array_object *from;
    const void **copy = array_range(other, range, &from, CALL);
    if (copy)
        array_splice(array, CFRangeMake(0, 0), copy, range.length, 1, CALL);
    free(copy);
}

/* Stable, as merge sort is, with the comparator called while nothing is locked. */
static void values_sort(const void **values, const void **spare, CFIndex count, CFComparatorFunction order, void *context)
{
    CFIndex half = count / 2, i = 0, j = half, k = 0;
    if (count < 2)
        return;
    values_sort(values, spare, half, order, context);
    values_sort(values + half, spare, count - half, order, context);
    while (i < half && j < count)
        spare[k++] = order(values[j], values[i], context) == kCFCompareLessThan ? values[j++] : values[i++];
    while (i < half)
        spare[k++] = values[i++];
    memcpy(values, spare, (size_t)k * sizeof(void *));
}

void CFArraySortValues(CFMutableArrayRef reference, CFRange range, CFComparatorFunction comparator, void *context)
{
    array_object *array = checked_mutable(reference, TYMPAN_ARRAY, CALL);
    const void **copy = array ? array_range(reference, range, &array, CALL) : NULL;
    const void **spare = copy ? malloc(((size_t)range.length + 1) * sizeof(void *)) : NULL;
    if (!copy)
        return;
    values_sort(copy, spare, range.length, comparator, context);
    if (contents_write(&array->base, CALL)) {
        if (range_inside(range, array->count, &array->base, CALL))
            memcpy(array->values + range.location, copy, (size_t)range.length * sizeof(void *));
        contents_leave(&array->base, 1);
    }
    free(spare);
    free(copy);
}

/* --- as an object ----------------------------------------------------------------------------------- */

static int array_equal(tympan_object *a, tympan_object *b, tympan_call call)
{
    CFIndex m, n, i = 0;
    const void **x = array_copy_values((array_object *)a, &m, call);
    const void **y = array_copy_values((array_object *)b, &n, call);
    if (m == n && depth_enter(call)) {
        while (i < m && value_equal(((array_object *)a)->callbacks.equal, x[i], y[i], call))
            i++;
        depth_leave();
    }
    free(x);
    free(y);
    return m == n && i == m;
}

static CFHashCode container_hash(tympan_object *object, tympan_call call)
{
    (void)call;
    return (CFHashCode)(object->kind == TYMPAN_ARRAY ? ((array_object *)object)->count : 0);
}

static void array_write(tympan_object *object, text_builder *builder, tympan_call call)
{
    array_object *array = (array_object *)object;
    CFIndex count;
    if (!depth_enter(call))
        return;
    const void **values = array_copy_values(array, &count, call);
    text_print(builder, "[");
    for (CFIndex i = 0; i < count; i++) {
        text_add(builder, ", ", i ? 2 : 0);
        if (holds_objects(array->callbacks.retain))
            object_write(values[i], builder, 1, call);
        else
            text_print(builder, "%p", values[i]);
    }
    text_print(builder, "]");
    free(values);
    depth_leave();
}

static void array_describe(tympan_object *object, char *text, size_t size)
{
    snprintf(text, size, "%s of %ld", name_of(object), ((array_object *)object)->count);
}
