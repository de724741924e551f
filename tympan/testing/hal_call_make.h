/* How each function of the table is called with the arguments of a hal_call; included by hal_call.h. */

/* What an argument was is what it must still be. */
static void unchanged(hal_answer *a, const void *now, const void *before, size_t size)
{
    if (!a->fault && memcmp(now, before, size) != 0)
        a->fault = CALL_WROTE_INPUT;
}

static void call_client(AudioServerPlugInDriverRef d, const hal_call *c, hal_memory *m, hal_answer *a)
{
    AudioServerPlugInClientInfo info, *given = (void *)memory_take(m, REGION_SMALL, sizeof info);
    CFTypeRef name = c->data_kind ? content_make(c->data_kind, call_data(c), c->data_size) : NULL;
    memset(&info, 0, sizeof info);
    info.mClientID = c->client;
    info.mProcessID = c->pid;
    info.mIsNativeEndian = c->flag;
    info.mBundleID = name;
    *given = info;
    const AudioServerPlugInClientInfo *pointer = c->nulls & NULL_ADDRESS ? NULL : given;
    a->status = c->slot == CALL_ADD_CLIENT ? (*d)->AddDeviceClient(d, c->object, pointer)
                                           : (*d)->RemoveDeviceClient(d, c->object, pointer);
    unchanged(a, given, &info, sizeof info);
    memset(given, CALL_GUARD_BYTE, sizeof info); /* the memory is the host's again */
    if (name)
        CFRelease(name);
}

static void call_life(AudioServerPlugInDriverRef d, AudioServerPlugInHostRef host, const hal_call *c, hal_memory *m,
                      hal_answer *a)
{
    void **found = (void *)memory_take(m, REGION_SMALL, sizeof *found);
    AudioServerPlugInClientInfo nobody = {0};
    *found = NULL;
    switch (c->slot) {
    case CALL_QUERY_INTERFACE: {
        CFUUIDBytes iid;
        memset(&iid, 0, sizeof iid);
        memcpy(&iid, call_data(c), c->data_size < sizeof iid ? c->data_size : sizeof iid);
        a->status = (*d)->QueryInterface(d, iid, c->nulls & NULL_OUT ? NULL : found);
        a->found = *found;
        break;
    }
    case CALL_ADD_REF: a->status = (OSStatus)(*d)->AddRef(d); break;
    case CALL_RELEASE: a->status = (OSStatus)(*d)->Release(d); break;
    case CALL_INITIALIZE: a->status = (*d)->Initialize(d, c->nulls & NULL_ADDRESS ? NULL : host); break;
    case CALL_CREATE_DEVICE:
        a->status = (*d)->CreateDevice(d, NULL, &nobody, c->nulls & NULL_OUT ? NULL : (AudioObjectID *)found);
        a->value = *(AudioObjectID *)found;
        break;
    case CALL_DESTROY_DEVICE: a->status = (*d)->DestroyDevice(d, c->object); break;
    case CALL_PERFORM:
        a->status = (*d)->PerformDeviceConfigurationChange(d, c->object, c->action, (void *)(uintptr_t)c->info);
        break;
    case CALL_ABORT:
        a->status = (*d)->AbortDeviceConfigurationChange(d, c->object, c->action, (void *)(uintptr_t)c->info);
        break;
    }
}

/* Get: `amount` bytes of room that begin with the call's data; the rest is the guard's byte. */
static void call_get(AudioServerPlugInDriverInterface *t, AudioServerPlugInDriverRef self, const hal_call *c, const AudioObjectPropertyAddress *address,
                     const void *qualifier, UInt32 qualifier_size, hal_memory *m, hal_answer *a)
{
    UInt32 *size = (void *)memory_take(m, REGION_SECOND, sizeof *size);
    UInt32 given = c->data_size < c->amount ? c->data_size : c->amount;
    unsigned char *data = memory_take(m, REGION_DATA, c->amount);
    memcpy(data, call_data(c), given);
    memset(data + given, CALL_GUARD_BYTE, c->amount - given);
    *size = 0xA5A5A5A5;
    a->status = t->GetPropertyData(self, c->object, c->pid, address, qualifier_size, qualifier, c->amount,
                                   c->nulls & NULL_OUT_2 ? NULL : size, c->nulls & NULL_DATA ? NULL : data);
    a->data = data;
    a->size = a->status ? 0 : *size;
    if (!a->status && !(c->nulls & NULL_OUT_2) && *size > c->amount) {
        a->fault = CALL_TOO_LONG;
        a->fact = *size;
        a->size = c->amount;
    }
}

static void call_set(AudioServerPlugInDriverInterface *t, AudioServerPlugInDriverRef self, const hal_call *c, const AudioObjectPropertyAddress *address,
                     const void *qualifier, UInt32 qualifier_size, hal_memory *m, hal_answer *a)
{
    CFTypeRef reference;
    UInt32 size = c->data_size;
    unsigned char *data = argument(m, REGION_DATA, c->data_kind, call_data(c), &size, &reference);
    a->status = t->SetPropertyData(self, c->object, c->pid, address, qualifier_size, qualifier, size,
                                   c->nulls & NULL_DATA ? NULL : data);
    unchanged(a, data, c->data_kind ? (const void *)&reference : call_data(c), size);
    if (reference)
        CFRelease(reference);
}

static void call_property(AudioServerPlugInDriverInterface *t, AudioServerPlugInDriverRef self, const hal_call *c,
                          hal_memory *m, hal_answer *a)
{
    AudioObjectPropertyAddress address = {c->selector, c->scope, c->element};
    AudioObjectPropertyAddress *given = (void *)memory_take(m, REGION_SMALL, sizeof address), *where = given;
    CFTypeRef reference;
    UInt32 size = c->qualifier_size;
    unsigned char *place = argument(m, REGION_QUALIFIER, c->qualifier_kind, call_qualifier(c), &size, &reference);
    const void *qualifier = size ? place : NULL;
    Boolean *flag;
    UInt32 *found;
    *given = address;
    if (c->nulls & NULL_ADDRESS)
        where = NULL;
    switch (c->slot) {
    case CALL_HAS: a->status = t->HasProperty(self, c->object, c->pid, where); break;
    case CALL_SETTABLE:
        flag = memory_take(m, REGION_SECOND, sizeof *flag);
        *flag = 0;
        a->status = t->IsPropertySettable(self, c->object, c->pid, where, c->nulls & NULL_OUT ? NULL : flag);
        a->value = *flag;
        break;
    case CALL_SIZE:
        found = (void *)memory_take(m, REGION_SECOND, sizeof *found);
        *found = 0;
        a->status = t->GetPropertyDataSize(self, c->object, c->pid, where, size, qualifier,
                                           c->nulls & NULL_OUT ? NULL : found);
        a->value = *found;
        break;
    case CALL_GET: call_get(t, self, c, where, qualifier, size, m, a); break;
    case CALL_SET: call_set(t, self, c, where, qualifier, size, m, a); break;
    }
    unchanged(a, given, &address, sizeof address);
    unchanged(a, place, c->qualifier_kind ? (const void *)&reference : call_qualifier(c), size);
    if (reference)
        CFRelease(reference);
}

static void call_stamp(AudioServerPlugInDriverRef d, const hal_call *c, hal_memory *m, hal_answer *a)
{
    struct { Float64 sample; UInt64 host, seed; } *out = (void *)memory_take(m, REGION_SMALL, 24);
    memset(out, 0, sizeof *out);
    a->status = (*d)->GetZeroTimeStamp(d, c->object, c->client, c->nulls & NULL_OUT ? NULL : &out->sample,
                                       c->nulls & NULL_OUT_2 ? NULL : &out->host, c->nulls & NULL_DATA ? NULL : &out->seed);
    a->sample = out->sample;
    a->host = out->host;
    a->seed = out->seed;
}

static void call_will_do(AudioServerPlugInDriverRef d, const hal_call *c, hal_memory *m, hal_answer *a)
{
    Boolean *will = memory_take(m, REGION_SMALL, 1), *in_place = memory_take(m, REGION_SECOND, 1);
    *will = 0;
    *in_place = 1;
    a->status = (*d)->WillDoIOOperation(d, c->object, c->client, c->selector, c->nulls & NULL_OUT ? NULL : will,
                                        c->nulls & NULL_OUT_2 ? NULL : in_place);
    a->value = *will;
    a->second_value = *in_place;
}

/* Begin, Do and End. The cycle info is the call's qualifier; the main buffer holds its data, or its fill. */
static void call_io(AudioServerPlugInDriverRef d, const hal_call *c, hal_memory *m, hal_answer *a)
{
    AudioServerPlugInIOCycleInfo *info = (void *)memory_take(m, REGION_QUALIFIER, sizeof *info), before;
    memset(&before, 0, sizeof before);
    memcpy(&before, call_qualifier(c), c->qualifier_size < sizeof before ? c->qualifier_size : sizeof before);
    *info = before;
    const AudioServerPlugInIOCycleInfo *cycle = c->nulls & NULL_ADDRESS ? NULL : info;
    if (c->slot == CALL_BEGIN) {
        a->status = (*d)->BeginIOOperation(d, c->object, c->client, c->selector, c->amount, cycle);
    } else if (c->slot == CALL_END) {
        a->status = (*d)->EndIOOperation(d, c->object, c->client, c->selector, c->amount, cycle);
    } else {
        a->main = memory_aligned(m, REGION_DATA, c->main_size, 16);
        a->second = memory_aligned(m, REGION_SECOND, c->second_size, 16);
        UInt32 given = c->data_size < c->main_size ? c->data_size : c->main_size;
        memcpy(a->main, call_data(c), given);
        audio_fill(a->main + given, c->main_size - given, c->fill);
        memset(a->second, CALL_GUARD_BYTE, c->second_size);
        a->status = (*d)->DoIOOperation(d, c->object, c->stream, c->client, c->selector, c->amount, cycle,
                                        c->nulls & NULL_DATA ? NULL : a->main, c->nulls & NULL_SECOND ? NULL : a->second);
    }
    unchanged(a, info, &before, sizeof before);
}

/* Makes the call; what came of it is in `a`. `host` is for Initialize. Answers the fault. */
static int call_make(AudioServerPlugInDriverRef d, AudioServerPlugInHostRef host, const hal_call *c, hal_memory *m,
                     hal_answer *a)
{
    memset(a, 0, sizeof *a);
    if (c->slot >= CALL_HAS && c->slot <= CALL_SET)
        call_property(*d, c->nulls & NULL_DRIVER ? NULL : d, c, m, a);
    else if (c->slot == CALL_ADD_CLIENT || c->slot == CALL_REMOVE_CLIENT)
        call_client(d, c, m, a);
    else if (c->slot < CALL_HAS)
        call_life(d, host, c, m, a);
    else if (c->slot == CALL_START)
        a->status = (*d)->StartIO(d, c->object, c->client);
    else if (c->slot == CALL_STOP)
        a->status = (*d)->StopIO(d, c->object, c->client);
    else if (c->slot == CALL_STAMP)
        call_stamp(d, c, m, a);
    else if (c->slot == CALL_WILL_DO)
        call_will_do(d, c, m, a);
    else
        call_io(d, c, m, a);
    memory_check(m, a);
    return a->fault;
}
