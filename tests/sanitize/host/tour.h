/* One thread, everything once: properties, calls that make no sense, IO at many sizes, start and stop, rates. */

static void tour_properties(void)
{
    for (UInt32 object = 0; object <= subject.object_count + 2; object++)
        for (UInt32 i = 0; i < COUNT(SELECTORS); i++)
            for (UInt32 j = 0; j < COUNT(SCOPES); j++)
                for (UInt32 element = 0; element < 4; element++) {
                    AudioObjectPropertyAddress address = {SELECTORS[i], SCOPES[j], element};
                    property_visit(object, &address);
                }
    for (UInt32 lie = 0; lie < 12; lie++)
        property_qualified(lie);
    query_interface();
}

static void refuse(OSStatus status, const char *call)
{
    if (!status)
        wrong("%s was accepted", call);
}

/* NULLs, foreign references, objects that are none. */
static void tour_nonsense(void)
{
    AudioServerPlugInDriverRef ref = subject.ref;
    AudioObjectPropertyAddress address = {kAudioObjectPropertyClass, kAudioObjectPropertyScopeGlobal, 0};
    Boolean boolean;
    UInt32 size = 0, number = 0;
    void *foreign = &size;
    refuse((*ref)->GetPropertyData(ref, 1, 7, NULL, 0, NULL, 4, &size, &number), "GetPropertyData(NULL)");
    refuse((*ref)->GetPropertyData(ref, 1, 7, &address, 0, NULL, 4, NULL, &number), "GetPropertyData(no size)");
    refuse((*ref)->GetPropertyData(ref, 1, 7, &address, 0, NULL, 4, &size, NULL), "GetPropertyData(no data)");
    refuse((*ref)->GetPropertyData(foreign, 1, 7, &address, 0, NULL, 4, &size, &number), "GetPropertyData(foreign)");
    refuse((*ref)->IsPropertySettable(ref, 1, 7, &address, NULL), "IsPropertySettable(NULL)");
    refuse((*ref)->SetPropertyData(ref, subject.device, 7, &address, 0, NULL, 4, NULL), "SetPropertyData(NULL)");
    refuse((*ref)->StartIO(ref, 77, 1), "StartIO of no device");
    refuse((*ref)->StopIO(ref, subject.device, 1), "StopIO of what was not started");
    refuse((*ref)->GetZeroTimeStamp(ref, subject.device, 1, NULL, NULL, NULL), "GetZeroTimeStamp(NULL)");
    refuse((*ref)->WillDoIOOperation(ref, subject.device, 1, 0, NULL, &boolean), "WillDoIOOperation(NULL)");
    refuse((*ref)->Initialize(ref, &subject.table), "a second Initialize");
    refuse((*ref)->PerformDeviceConfigurationChange(ref, subject.device, 999, NULL), "an unknown configuration change");
    (*ref)->AbortDeviceConfigurationChange(ref, subject.device, 999, NULL);
    if ((*ref)->AddRef(foreign) || (*ref)->Release(foreign))
        wrong("a foreign reference was counted");
}

/* Written and read in step, `blocks` times: every frame comes back. Answers where time stands. */
static int64_t tour_blocks(UInt32 client, int64_t time, UInt32 frames, int blocks)
{
    buffer out = buffer_new(&subject.output, frames), in = buffer_new(&subject.input, frames);
    for (int i = 0; i < blocks; i++, time += frames) {
        if (subject.output.id)
            must(play(&out, client, time), "WriteMix");
        if (subject.input.id)
            must(record(&in, client, time), "ReadInput");
        if (subject.output.id && subject.input.id && frames <= 8192)
            check_all(&in, time, "tour");
    }
    buffer_free(&out);
    buffer_free(&in);
    return time;
}

static void tour_audio(UInt32 client)
{
    static const UInt32 sizes[] = {1, 16, 17, 96, 333, 512, 1024, 4096, 8192, MOST_FRAMES};
    Boolean will;
    stamp at;
    must(io_stamp(subject.ref, subject.device, client, &at), "GetZeroTimeStamp");
    must(io_will_do(subject.ref, subject.device, client, kAudioServerPlugInIOOperationReadInput, &will), "WillDo");
    int64_t time = (int64_t)at.sample;
    for (UInt32 i = 0; i < COUNT(sizes); i++) {
        must(io_stamp(subject.ref, subject.device, client, &at), "GetZeroTimeStamp");
        time = tour_blocks(client, time, sizes[i], sizes[i] < 1000 ? 200 : 12);
    }
}

/* Times at which nothing good can be heard. The status does not matter, the memory does. */
static void tour_times(UInt32 client)
{
    static const double times[] = {0.0, -1.0, 0.5, -1e6, 4294967295.0, 9007199254740992.0, -9007199254740992.0, 1e300,
                                   -1e300, (double)INFINITY, (double)-INFINITY, (double)NAN};
    for (UInt32 i = 0; i < COUNT(times); i++)
        for (UInt32 frames = 0; frames < 1000; frames += 333) {
            buffer out = buffer_new(&subject.output, frames), in = buffer_new(&subject.input, frames);
            io_operation(subject.ref, subject.device, subject.output.id, client, kAudioServerPlugInIOOperationWriteMix,
                         times[i], frames, out.bytes);
            io_operation(subject.ref, subject.device, subject.input.id, client, kAudioServerPlugInIOOperationReadInput,
                         times[i], frames, in.bytes);
            buffer_free(&out);
            buffer_free(&in);
        }
}

/* Does what the driver has asked for. No IO is running. */
static void tour_changes(int perform)
{
    tympan_queue_pump(10000);
    while (subject.change_count) {
        UInt64 action = subject.changes[--subject.change_count];
        if (perform)
            must((*subject.ref)->PerformDeviceConfigurationChange(subject.ref, subject.device, action, NULL), "Perform");
        else
            (*subject.ref)->AbortDeviceConfigurationChange(subject.ref, subject.device, action, NULL);
    }
    tympan_queue_pump(10000);
}

static void tour_rates(void)
{
    for (UInt32 i = 0; i < 3 * subject.rate_count; i++) {
        set_rate(subject.rates[i % subject.rate_count]);
        tour_changes(i % 3 != 2);
        client_start(1);
        tour_blocks(1, 0, 256, 4);
        client_stop(1);
    }
}

static void tour(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        plugin_initialize();
        tour_properties();
        tour_nonsense();
        client_add(1);
        client_start(1);
        tour_audio(1);
        tour_times(1);
        client_stop(1);
        tour_rates();
        client_remove(1);
        plugin_release();
        tympan_queue_pump(10000);
    }
    tympan_ledger ledger = tympan_ledger_read();
    if (ledger.live || ledger.problems)
        wrong("%llu objects are left, %llu wrong calls", (unsigned long long)ledger.live,
              (unsigned long long)ledger.problems);
    printf("tour: %d rounds\n", rounds);
}
