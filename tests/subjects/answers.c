/* Values of properties, and the getters and setters that several classes share. All with the lock. */

#include "subject.h"
#include "spoil.h"

OSStatus number(answer *a, UInt32 value)
{
    a->size = sizeof value;
    a->u32[0] = value;
    return 0;
}

/* A new CFString, which the caller of the property call owns. */
OSStatus text(answer *a, const char *value)
{
    a->size = sizeof a->reference;
    a->reference = CFStringCreateWithCString(NULL, value, kCFStringEncodingUTF8);
    return a->reference ? 0 : kAudioHardwareUnspecifiedError;
}

OSStatus reference(answer *a, CFTypeRef value)
{
    a->size = sizeof a->reference;
    a->reference = CFRetain(value);
    return 0;
}

OSStatus zero(const query *q, answer *a)
{
    (void)q;
    return number(a, 0);
}

OSStatus one(const query *q, answer *a)
{
    (void)q;
    return number(a, 1);
}

OSStatus get_base(const query *q, answer *a)
{
    return number(a, q->thing->base);
}

OSStatus get_class(const query *q, answer *a)
{
    return number(a, q->thing->class);
}

OSStatus get_owner(const query *q, answer *a)
{
    return number(a, q->thing->owner);
}

OSStatus get_name(const query *q, answer *a)
{
    return text(a, q->thing->name);
}

OSStatus get_maker(const query *q, answer *a)
{
    (void)q;
    return text(a, "tympan");
}

OSStatus get_version(const query *q, answer *a)
{
    (void)q;
    return text(a, "1.0");
}

OSStatus get_transport(const query *q, answer *a)
{
    (void)q;
    return number(a, kAudioDeviceTransportTypeVirtual);
}

static bool is_wanted(AudioObjectID object, const UInt32 *classes, UInt32 count)
{
    const thing *t = thing_at(object);
    for (UInt32 i = 0; i < count; i++)
        if (t && is_kind_of(t, classes[i]))
            return true;
    return count == 0;
}

/* What it owns in the scope; the qualifier may name the classes that are wanted. */
OSStatus get_owned(const query *q, answer *a)
{
    UInt32 classes = q->qualifier ? q->qualifier_size / 4 : 0, kept = 0;
    list_objects(a, q->thing->id, kAudioObjectClassID, q->scope);
    if (defect(owned_filter_ignored))
        classes = 0;
    for (UInt32 i = 0; i < a->size / 4; i++)
        if (is_wanted(a->u32[i], q->qualifier, classes))
            a->u32[kept++] = a->u32[i];
    a->size = 4 * kept;
    return 0;
}

/* A settable truth value that is told on change. */
OSStatus set_flag(const query *q, UInt32 *flag, const void *data)
{
    UInt32 value = *(const UInt32 *)data != 0;
    if (value == *flag && !defect(unchanged_set_notifies))
        return 0;
    bool told = DEFECTIVE && spoil_before_change(q);
    *flag = value;
    if (!told)
        notify(q->thing->id, q->selector, 0);
    return 0;
}

/* Keeps a CFString that a client gave; the datum is the reference. */
OSStatus set_text(CFStringRef *held, const void *data, bool *changed)
{
    CFStringRef value = *(const CFStringRef *)data;
    *changed = false;
    if (!value || (CFGetTypeID(value) != CFStringGetTypeID() && !defect(set_trusts_type)))
        return kAudioHardwareIllegalOperationError;
    if (CFEqual(value, *held))
        return 0;
    if (!defect(set_keeps_borrowed_string))
        CFRetain(value);
    CFRelease(*held);
    *held = value;
    *changed = true;
    return 0;
}
