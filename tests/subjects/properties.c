/* The five property calls: which property is meant, and the rules of sizes and pointers. Any thread. */

#include "subject.h"
#include "spoil.h"

static UInt32 where_bit(UInt32 scope)
{
    switch (scope) {
    case kAudioObjectPropertyScopeGlobal: return AT_GLOBAL;
    case kAudioObjectPropertyScopeInput: return AT_INPUT;
    case kAudioObjectPropertyScopeOutput: return AT_OUTPUT;
    }
    return 0;
}

static bool is_there(const query *q, const row *r)
{
    UInt32 channels = channels_at(q->thing->device, q->scope);
    if (!(r->where & where_bit(q->scope)) && !defect(scope_ignored))
        return false;
    if (r->where & WITH_STREAMS && !channels)
        return false;
    if (r->where & BY_ELEMENT)
        return q->element >= 1 && q->element <= channels;
    return q->element == kAudioObjectPropertyElementMain || defect(element_ignored);
}

static const row *find_row(const query *q)
{
    for (const row *r = q->thing->rows; r->selector; r++)
        if (r->selector == q->selector && is_there(q, r))
            return r;
    return NULL;
}

static OSStatus find(DRIVER driver, AudioObjectID object, pid_t pid, ADDRESS address, query *q)
{
    memset(q, 0, sizeof *q);
    if (!is_ours(driver) && !defect(bad_driver_accepted))
        return kAudioHardwareBadObjectError;
    if (!address && !defect(null_address_crashes))
        return kAudioHardwareIllegalOperationError;
    q->selector = address->mSelector;
    q->scope = address->mScope;
    q->element = address->mElement;
    q->pid = pid;
    q->thing = thing_at(object);
    if (!q->thing)
        return kAudioHardwareBadObjectError;
    q->row = find_row(q);
    if (DEFECTIVE)
        q->row = spoil_row(q, q->row);
    return q->row ? 0 : kAudioHardwareUnknownPropertyError;
}

static void set_qualifier(query *q, UInt32 size, const void *data)
{
    q->qualifier_size = data ? size : 0;
    q->qualifier = size ? data : NULL;
}

/* The getter's answer, with the lock. A list's length is known only from its elements. */
static OSStatus ask(const query *q, answer *a)
{
    memset(a, 0, offsetof(answer, bytes));
    lock();
    OSStatus status = q->row->get(q, a);
    unlock();
    if (DEFECTIVE && !status)
        spoil_answer(q, a);
    return status;
}

Boolean subject_has(DRIVER driver, AudioObjectID object, pid_t pid, ADDRESS address)
{
    query q;
    if (!is_ours(driver) || (!address && !defect(null_address_crashes)))
        return 0;
    return find(driver, object, pid, address, &q) == 0 || (q.thing && defect(has_is_always_true));
}

OSStatus subject_settable(DRIVER driver, AudioObjectID object, pid_t pid, ADDRESS address, Boolean *out)
{
    query q;
    if (!out && !defect(null_out_accepted))
        return kAudioHardwareIllegalOperationError;
    OSStatus status = find(driver, object, pid, address, &q);
    if (!status && out)
        *out = q.row->set != NULL;
    if (DEFECTIVE && !status && out)
        spoil_settable(&q, out);
    return status;
}

OSStatus subject_size(DRIVER driver, AudioObjectID object, pid_t pid, ADDRESS address, UInt32 qualifier_size,
                      const void *qualifier, UInt32 *out)
{
    query q;
    answer a;
    if (!out && !defect(null_out_accepted))
        return kAudioHardwareIllegalOperationError;
    OSStatus status = find(driver, object, pid, address, &q);
    if (status)
        return status;
    set_qualifier(&q, qualifier_size, qualifier);
    if (DEFECTIVE && spoil_size(&q, &status))
        return status;
    UInt32 size = q.row->size;
    if (q.row->where & (LIST | VARIES)) {
        status = ask(&q, &a);
        size = a.size + (defect(size_disagrees) && q.selector == kAudioObjectPropertyControlList ? 4 : 0);
    }
    if (!status && out)
        *out = size;
    return status;
}

static OSStatus check_qualifier(const query *q)
{
    UInt32 wanted = q->row->where & BY_UID ? sizeof(CFStringRef) : q->row->where & BY_ITEM ? sizeof(UInt32) : 0;
    if (defect(translate_inverted) && q->row->where & BY_UID)
        return q->qualifier_size == wanted ? kAudioHardwareBadPropertySizeError : 0;
    if (wanted && q->qualifier_size != wanted && !defect(qualifier_size_ignored))
        return kAudioHardwareBadPropertySizeError;
    return 0;
}

static OSStatus deliver(const query *q, const answer *a, UInt32 capacity, UInt32 *out, void *data)
{
    UInt32 size = a->size, unit = defect(list_cut_inside_element) ? 1 : q->row->size;
    if (q->row->where & LIST && capacity < size && !defect(list_ignores_capacity)) {
        if (defect(short_list_refused))
            return kAudioHardwareBadPropertySizeError;
        size = capacity / unit * unit;
    }
    if (capacity < size && !defect(list_ignores_capacity))
        return kAudioHardwareBadPropertySizeError;
    memcpy(data, a->bytes, size);
    *out = size;
    return 0;
}

OSStatus subject_get(DRIVER driver, AudioObjectID object, pid_t pid, ADDRESS address, UInt32 qualifier_size,
                     const void *qualifier, UInt32 capacity, UInt32 *out, void *data)
{
    query q;
    answer a;
    if (!out || !data)
        return defect(null_out_accepted) ? 0 : kAudioHardwareIllegalOperationError;
    OSStatus status = find(driver, object, pid, address, &q);
    if (DEFECTIVE && spoil_get(&q, capacity, out, data, &status))
        return status;
    if (status)
        return status;
    set_qualifier(&q, qualifier_size, qualifier);
    q.input = data;
    status = check_qualifier(&q);
    if (!status && !(q.row->where & (LIST | VARIES)) && capacity < q.row->size)
        status = kAudioHardwareBadPropertySizeError;
    if (!status)
        status = ask(&q, &a);
    return status ? status : deliver(&q, &a, capacity, out, data);
}

static OSStatus check_new_value(const query *q, UInt32 size, const void *data)
{
    if (!q->row->set)
        return defect(read_only_set_succeeds) ? 0 : kAudioHardwareUnsupportedOperationError;
    if (!data)
        return kAudioHardwareIllegalOperationError;
    bool fits = q->row->where & LIST ? size % q->row->size == 0 : size == q->row->size;
    return fits || defect(set_size_ignored) ? 0 : kAudioHardwareBadPropertySizeError;
}

OSStatus subject_set(DRIVER driver, AudioObjectID object, pid_t pid, ADDRESS address, UInt32 qualifier_size,
                     const void *qualifier, UInt32 size, const void *data)
{
    query q;
    OSStatus status = find(driver, object, pid, address, &q);
    if (status)
        return status;
    set_qualifier(&q, qualifier_size, qualifier);
    status = check_new_value(&q, size, data);
    if (status || !q.row->set)
        return status;
    lock();
    status = q.row->set(&q, size, data);
    unlock();
    return status;
}
