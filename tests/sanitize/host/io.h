/* One client, many cycles at the sizes that matter, with all kinds of audio: what counts is the context. */

/* The pattern, silence, far too loud, and what is no number: a driver may do something else for each. */
static void fill_kind(buffer *b, int64_t time, int kind)
{
    static const float values[] = {0.0f, 8.0f, NAN};
    size_t size = sample_size(b->stream->kind), samples = (size_t)b->frames * b->stream->channels;
    fill(b, time);
    for (size_t i = 0; kind % 4 && i < samples; i++)
        sample_write(b->stream->kind, b->bytes + i * size, values[kind % 4 - 1]);
}

static void io_alone_cycle(int cycle)
{
    static const UInt32 sizes[] = {512, 96, 16, 333, 4096};
    UInt32 frames = sizes[cycle % (int)COUNT(sizes)];
    int64_t time = 4096 * (int64_t)cycle;
    stamp at;
    must(io_stamp(subject.ref, subject.device, 1, &at), "GetZeroTimeStamp");
    if (subject.input.id) {
        buffer in = buffer_new(&subject.input, frames);
        must(record(&in, 1, time), "ReadInput");
        buffer_free(&in);
    }
    if (subject.output.id) {
        buffer out = buffer_new(&subject.output, frames);
        fill_kind(&out, time, cycle);
        must(play_filled(&out, 1, time), "WriteMix");
        buffer_free(&out);
    }
}

static void io_alone(int rounds)
{
    Boolean will;
    plugin_initialize();
    client_add(1);
    for (int round = 0; round < rounds; round++) {
        client_start(1);
        must(io_will_do(subject.ref, subject.device, 1, kAudioServerPlugInIOOperationReadInput, &will), "WillDo");
        for (int cycle = 0; cycle < 1100; cycle++) /* some do it on the thousandth only */
            io_alone_cycle(cycle);
        client_stop(1);
    }
    client_remove(1);
    plugin_release();
    printf("io: %llu operations\n", (unsigned long long)io_counter);
}
