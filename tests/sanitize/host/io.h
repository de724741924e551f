/* One client, many cycles at the sizes that matter, and nothing checked but the context: for RealtimeSanitizer. */

static void io_alone(int rounds)
{
    static const UInt32 sizes[] = {512, 96, 16, 333, 4096};
    stamp at;
    plugin_initialize();
    client_add(1);
    for (int round = 0; round < rounds; round++) {
        client_start(1);
        for (int cycle = 0; cycle < 1100; cycle++) { /* some do it on the thousandth only */
            UInt32 frames = sizes[cycle % (int)COUNT(sizes)];
            must(io_stamp(subject.ref, subject.device, 1, &at), "GetZeroTimeStamp");
            if (subject.input.id) {
                buffer in = buffer_new(&subject.input, frames);
                record(&in, 1, 4096 * (int64_t)cycle);
                buffer_free(&in);
            }
            if (subject.output.id) {
                buffer out = buffer_new(&subject.output, frames);
                play(&out, 1, 4096 * (int64_t)cycle);
                buffer_free(&out);
            }
        }
        client_stop(1);
    }
    client_remove(1);
    plugin_release();
    printf("io: %llu operations\n", (unsigned long long)io_counter);
}
