/* Property lists; included once, by _platform.pyx. Their file formats are the host's hooks. */

/* Whether a value is one: a string, number, boolean, date, data, or containers of them with strings as keys. */
static int is_plist(const void *reference, tympan_call call)
{
    int kind = tympan_kind_of(reference), good = 1;
    const void **keys = NULL, **values = NULL;
    CFIndex count = 0;
    if (kind == TYMPAN_STRING || kind == TYMPAN_NUMBER || kind == TYMPAN_BOOLEAN || kind == TYMPAN_DATE ||
        kind == TYMPAN_DATA)
        return 1;
    if ((kind != TYMPAN_ARRAY && kind != TYMPAN_DICTIONARY) || !depth_enter(call))
        return 0;
    if (kind == TYMPAN_ARRAY)
        values = array_copy_values(checked(reference, kind, call), &count, call);
    else
        count = dictionary_copy_pairs(checked(reference, kind, call), &keys, &values, call);
    for (CFIndex i = 0; i < count && good; i++)
        good = (!keys || tympan_kind_of(keys[i]) == TYMPAN_STRING) && is_plist(values[i], call);
    free(keys);
    free(values);
    depth_leave();
    return good;
}

Boolean CFPropertyListIsValid(CFPropertyListRef plist, CFPropertyListFormat format)
{
    (void)format;
    return object_check(plist, CALL) && is_plist(plist, CALL);
}

/* --- deep copies -------------------------------------------------------------------------------- */

static const void *plist_copy(const void *reference, CFOptionFlags mutability, tympan_call call);

static void drop_all(const void **values, CFIndex count, tympan_call call)
{
    for (CFIndex i = 0; i < count; i++)
        object_release(values[i], call);
    free(values);
}

static const void *plist_copy_array(array_object *array, int flags, CFOptionFlags mutability, tympan_call call)
{
    CFIndex count;
    const void **values = array_copy_values(array, &count, call);
    for (CFIndex i = 0; i < count; i++)
        values[i] = plist_copy(values[i], mutability, call);
    const void *copy = array_make(values, count, &kCFTypeArrayCallBacks, flags, call);
    drop_all(values, count, call);
    return copy;
}

static const void *plist_copy_dictionary(dictionary_object *dictionary, int flags, CFOptionFlags mutability,
                                         tympan_call call)
{
    const void **keys, **values;
    CFIndex count = dictionary_copy_pairs(dictionary, &keys, &values, call);
    for (CFIndex i = 0; i < count; i++) {
        keys[i] = plist_copy(keys[i], kCFPropertyListImmutable, call);
        values[i] = plist_copy(values[i], mutability, call);
    }
    const void *copy = dictionary_make(keys, values, count, &kCFTypeDictionaryKeyCallBacks,
                                       &kCFTypeDictionaryValueCallBacks, flags, call);
    drop_all(keys, count, call);
    drop_all(values, count, call);
    return copy;
}

/* Of what is known to be a property list. */
static const void *plist_copy(const void *reference, CFOptionFlags mutability, tympan_call call)
{
    tympan_object *object = object_check(reference, call);
    int containers = mutability ? IS_MUTABLE : 0;
    int leaves = mutability == (CFOptionFlags)kCFPropertyListMutableContainersAndLeaves ? IS_MUTABLE : 0;
    if (object && object->kind == TYMPAN_ARRAY)
        return plist_copy_array((array_object *)object, containers, mutability, call);
    if (object && object->kind == TYMPAN_DICTIONARY)
        return plist_copy_dictionary((dictionary_object *)object, containers, mutability, call);
    if (object && object->kind == TYMPAN_DATA && (leaves || object->flags & IS_MUTABLE))
        return data_copy(reference, leaves, 0, call);
    if (!object || object->kind != TYMPAN_STRING || !(leaves || object->flags & IS_MUTABLE))
        return object_retain(reference, call); /* what cannot change is its own copy */
    CFIndex length;
    UniChar *units = string_copy_units((string_object *)object, &length, call);
    const void *copy = object_publish(string_object_make(units, length, leaves, call));
    free(units);
    return copy;
}

/* NULL for what is no property list. */
CFPropertyListRef CFPropertyListCreateDeepCopy(CFAllocatorRef allocator, CFPropertyListRef plist, CFOptionFlags mutability)
{
    allocator_check(allocator, CALL);
    if (!object_check(plist, CALL))
        return NULL;
    if (is_plist(plist, CALL))
        return plist_copy(plist, mutability, CALL);
    problem(TYMPAN_MISUSE, CALL, "CFPropertyListCreateDeepCopy of what is no property list");
    return NULL;
}

/* --- file formats: by the host ----------------------------------------------------------------------- */

static void plist_error(CFErrorRef *error, CFIndex code, tympan_call call)
{
    if (error)
        *error = error_make(kCFErrorDomainCocoa, code, NULL, call);
}

/* NULL and a CFError for what is not XML and not binary. */
CFPropertyListRef CFPropertyListCreateWithData(CFAllocatorRef allocator, CFDataRef reference, CFOptionFlags options,
                                               CFPropertyListFormat *format, CFErrorRef *error)
{
    allocator_check(allocator, CALL);
    data_object *data = checked(reference, TYMPAN_DATA, CALL);
    CFIndex length, found = 0;
    UInt8 *bytes = data ? data_copy_bytes(data, &length, CALL) : NULL;
    CFPropertyListRef plist = bytes && hooks.read ? hooks.read(bytes, length, &found) : NULL;
    free(bytes);
    if (plist && options) {
        CFPropertyListRef immutable = plist;
        plist = plist_copy(immutable, options, CALL);
        object_release(immutable, CALL);
    }
    if (plist && format)
        *format = found;
    if (!plist)
        plist_error(error, kCFPropertyListReadCorruptError, CALL);
    return plist;
}

/* NULL and a CFError for what is no property list. */
CFDataRef CFPropertyListCreateData(CFAllocatorRef allocator, CFPropertyListRef plist, CFPropertyListFormat format,
                                   CFOptionFlags options, CFErrorRef *error)
{
    (void)options;
    allocator_check(allocator, CALL);
    UInt8 *bytes = NULL;
    CFIndex size = 0;
    CFDataRef data = NULL;
    if (object_check(plist, CALL) && is_plist(plist, CALL) && hooks.write && hooks.write(plist, format, &bytes, &size))
        data = data_make(bytes, size, 0, 0, CALL);
    free(bytes);
    if (!data)
        plist_error(error, kCFPropertyListWriteStreamError, CALL);
    return data;
}
