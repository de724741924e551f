/*
 * Plays a bundle's device and prints a digest of every cycle that comes back: render BINARY.
 *
 * For processors that this machine only has under qemu-user: nothing of Python but what is in the bundle. The clock
 * is virtual, so that two runs are equal. The host is the sanitizers' (tests/sanitize/host).
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform_impl.h"

#include "entries.h"
#include "plugin.h"
#include "audio.h"

static void render_cycle(int64_t time, UInt32 frames)
{
    stamp at;
    buffer out = buffer_new(&subject.output, frames), in = buffer_new(&subject.input, frames);
    tympan_clock_reach((uint64_t)(time * 20833));
    must(io_stamp(subject.ref, subject.device, 1, &at), "GetZeroTimeStamp");
    must(play(&out, 1, time), "WriteMix");
    must(record(&in, 1, time), "ReadInput");
    printf("%lld + %u: %016llx, stamp %.0f\n", (long long)time, frames,
           (unsigned long long)hashed(0xCBF29CE484222325ull, &in, 0, frames), at.sample);
    buffer_free(&out);
    buffer_free(&in);
}

static void render(void)
{
    enum { SIZES = 5 };
    static const UInt32 sizes[SIZES] = {512, 16, 333, 4096, 1};
    int64_t time = 0;
    client_start(1);
    for (int cycle = 0; cycle < 150; cycle++) {
        render_cycle(time, sizes[cycle % SIZES]);
        time += sizes[cycle % SIZES];
    }
    client_stop(1);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        wrong("usage: render BINARY");
    tympan_clock_configure(1, 1, 1);
    tympan_log_echo(1);
    plugin_open(argv[1], "TympanFactory");
    plugin_initialize();
    client_add(1);
    render(), render();
    client_remove(1);
    plugin_release();
    return 0;
}
