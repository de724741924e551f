/* Property calls through the trace; included by trace.h. */

/* A value: bytes, or what the reference in it is to. Which 8 bytes are one, the platform knows off macOS;
 * there, where asking about a wrong address would crash, the selector says it. */
static int is_reference(const AudioObjectPropertyAddress *address, const void *data, size_t size)
{
    static const UInt32 known[] = {'lnam', 'lmak', 'lmod', 'snum', 'fwvn', 'lchn', 'lccn', 'lcnn', 'uid ', 'muid', 'piid',
                                   'rsrc', 'buid', 'cuid', 'capp', 'icon', 'scin', 'clkn', 'uidd', 'uidb', 'uidc', 'uide'};
    const void *value;
    unsigned i = 0;
    if (size != sizeof value || !data || !address)
        return 0;
    memcpy(&value, data, sizeof value);
    while (TYMPAN_KINDS_BY_SELECTOR && i < sizeof known / sizeof *known && known[i] != address->mSelector)
        i++;
    return i < sizeof known / sizeof *known && value && tympan_kind_of(value) != TYMPAN_NO_OBJECT;
}

enum trace_value { VALUE_NONE, VALUE_BYTES, VALUE_REFERENCE, VALUE_MISSING };

/* `text` must live until put_end(). A NULL pointer with a size is written as the size. */
static void put_value(trace_record *r, int reference, const void *data, size_t size, trace_text *text)
{
    CFTypeRef value;
    put_byte(r, reference ? VALUE_REFERENCE : !size ? VALUE_NONE : data ? VALUE_BYTES : VALUE_MISSING);
    if (reference) {
        memcpy(&value, data, sizeof value);
        put_object(r, value, text);
    } else if (size && data) {
        put_bytes(r, data, size);
    } else if (size) {
        put(r, size);
    }
}

/* Scopes are written as their place in this list, others as 15 and their code. */
static void put_scope(trace_record *r, UInt32 scope)
{
    static const UInt32 known[] = {kAudioObjectPropertyScopeGlobal, kAudioObjectPropertyScopeInput,
                                   kAudioObjectPropertyScopeOutput};
    for (unsigned i = 0; i < 3; i++)
        if (known[i] == scope) {
            put_byte(r, i);
            return;
        }
    put_byte(r, 15);
    put_code(r, scope);
}

/* What all five begin with. */
static int property_begin(trace_record *r, trace_driver *t, unsigned kind, void *self, unsigned missing, AudioObjectID object,
                          pid_t pid, const AudioObjectPropertyAddress *address)
{
    if (!call_begin(r, t, kind))
        return 0;
    put(r, missing | (self ? 0 : MISSING_DRIVER) | (address ? 0 : MISSING_ADDRESS));
    put(r, object);
    put_signed(r, pid);
    if (address) {
        put_code(r, address->mSelector);
        put_scope(r, address->mScope);
        put(r, address->mElement);
    }
    return 1;
}

static Boolean trace_has(AudioServerPlugInDriverRef self, AudioObjectID object, pid_t pid,
                         const AudioObjectPropertyAddress *address)
{
    trace_driver *t = trace_find(self);
    trace_record r;
    if (property_begin(&r, t, 11, self, 0, object, pid, address))
        put_end(&r);
    Boolean found = (*t->driver)->HasProperty(trace_pass(t, self), object, pid, address);
    answer(found);
    return found;
}

static OSStatus trace_settable(AudioServerPlugInDriverRef self, AudioObjectID object, pid_t pid,
                               const AudioObjectPropertyAddress *address, Boolean *out)
{
    trace_driver *t = trace_find(self);
    trace_record r;
    if (property_begin(&r, t, 12, self, out ? 0 : MISSING_OUT, object, pid, address))
        put_end(&r);
    OSStatus status = (*t->driver)->IsPropertySettable(trace_pass(t, self), object, pid, address, out);
    if (answer_begin(&r, status)) {
        put(&r, out && !status ? *out : 0);
        put_end(&r);
    }
    return status;
}

static OSStatus trace_size(AudioServerPlugInDriverRef self, AudioObjectID object, pid_t pid,
                           const AudioObjectPropertyAddress *address, UInt32 qualifier_size, const void *qualifier,
                           UInt32 *out)
{
    trace_driver *t = trace_find(self);
    trace_text text;
    text.far = NULL;
    trace_record r;
    if (property_begin(&r, t, 13, self, out ? 0 : MISSING_OUT, object, pid, address)) {
        put_value(&r, is_reference(address, qualifier, qualifier_size), qualifier, qualifier_size, &text);
        put_end(&r);
        text_done(&text);
    }
    OSStatus status =
        (*t->driver)->GetPropertyDataSize(trace_pass(t, self), object, pid, address, qualifier_size, qualifier, out);
    if (answer_begin(&r, status)) {
        put(&r, out && !status ? *out : 0);
        put_end(&r);
        text_done(&text);
    }
    return status;
}

/* A host that reads a stream's format tells how long the buffers of its IO operations are. */
static void stream_learn(trace_driver *t, AudioObjectID id, const AudioObjectPropertyAddress *address, const void *data,
                         UInt32 size)
{
    AudioStreamBasicDescription format;
    if (!address || size != sizeof format ||
        (address->mSelector != kAudioStreamPropertyPhysicalFormat && address->mSelector != kAudioStreamPropertyVirtualFormat))
        return;
    memcpy(&format, data, sizeof format);
    for (int i = 0; i < TRACE_STREAMS; i++) {
        UInt32 free = 0;
        if (t->streams[i].id == id || atomic_compare_exchange_strong(&t->streams[i].id, &free, id)) {
            if (address->mSelector == kAudioStreamPropertyPhysicalFormat)
                t->streams[i].bytes = format.mBytesPerFrame;
            t->streams[i].channels = format.mChannelsPerFrame;
            return;
        }
    }
}

/* These convert the number that is in the buffer. */
static int is_in_out(const AudioObjectPropertyAddress *address)
{
    return address && (address->mSelector == kAudioLevelControlPropertyConvertScalarToDecibels ||
                       address->mSelector == kAudioLevelControlPropertyConvertDecibelsToScalar);
}

static OSStatus trace_get(AudioServerPlugInDriverRef self, AudioObjectID object, pid_t pid,
                          const AudioObjectPropertyAddress *address, UInt32 qualifier_size, const void *qualifier,
                          UInt32 capacity, UInt32 *size, void *data)
{
    trace_driver *t = trace_find(self);
    unsigned missing = (data ? 0 : MISSING_DATA) | (size ? 0 : MISSING_OUT_2);
    trace_text text;
    text.far = NULL;
    trace_record r;
    if (property_begin(&r, t, 14, self, missing, object, pid, address)) {
        put_value(&r, is_reference(address, qualifier, qualifier_size), qualifier, qualifier_size, &text);
        put(&r, capacity);
        put_bytes(&r, data, data && is_in_out(address) ? (capacity < 4 ? capacity : 4) : 0);
        put_end(&r);
        text_done(&text);
    }
    OSStatus status = (*t->driver)->GetPropertyData(trace_pass(t, self), object, pid, address, qualifier_size, qualifier,
                                                    capacity, size, data);
    if (answer_begin(&r, status)) {
        UInt32 answered = status || !size ? 0 : *size, there = data && answered <= capacity ? answered : 0;
        put(&r, answered);
        put_value(&r, is_reference(address, there ? data : NULL, there), data, there, &text);
        put_end(&r);
        text_done(&text);
        stream_learn(t, object, address, data, there);
    }
    return status;
}

static OSStatus trace_set(AudioServerPlugInDriverRef self, AudioObjectID object, pid_t pid,
                          const AudioObjectPropertyAddress *address, UInt32 qualifier_size, const void *qualifier,
                          UInt32 size, const void *data)
{
    trace_driver *t = trace_find(self);
    trace_text text, value_text;
    text.far = value_text.far = NULL;
    trace_record r;
    if (property_begin(&r, t, 15, self, data ? 0 : MISSING_DATA, object, pid, address)) {
        put_value(&r, is_reference(address, qualifier, qualifier_size), qualifier, qualifier_size, &text);
        put_value(&r, is_reference(address, data, size), data, size, &value_text);
        put_end(&r);
        text_done(&text);
        text_done(&value_text);
    }
    OSStatus status =
        (*t->driver)->SetPropertyData(trace_pass(t, self), object, pid, address, qualifier_size, qualifier, size, data);
    answer(status);
    return status;
}
