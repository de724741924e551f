/*
 * A host for sanitizers: loads the binary of one bundle and does to it what a HAL may do.
 *
 *   host SCENARIO BINARY [name=value ...]
 *
 * Plain C and nothing of Python, so that all code of this process but the bundle's interpreter
 * can be instrumented. It supplies the platform library that bundles need off macOS. Exit code: 0,
 * 1 when the driver did something wrong (the line begins with WRONG), or the sanitizer's own.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "platform_impl.h"

#include <sched.h>

#include "entries.h"
#include "plugin.h"
#include "audio.h"
#include "properties.h"
#include "tour.h"
#include "io.h"
#include "ring.h"
#include "mix.h"
#include "threads.h"

static double option(int argc, char **argv, const char *name, double otherwise)
{
    size_t length = strlen(name);
    for (int i = 3; i < argc; i++)
        if (!strncmp(argv[i], name, length) && argv[i][length] == '=')
            return atof(argv[i] + length + 1);
    return otherwise;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        wrong("usage: host SCENARIO BINARY [name=value ...]");
    double seconds = option(argc, argv, "seconds", 1.0);
    int rounds = (int)option(argc, argv, "rounds", 2), readers = (int)option(argc, argv, "readers", 3);
    audio_factor = option(argc, argv, "factor", 1.0);
    mix_mute = (int)option(argc, argv, "mute", 0) - 1;
    tympan_clock_configure(0, 1, 1);
    tympan_queue_set_threaded(strcmp(argv[1], "tour") != 0); /* the tour runs the queue itself */
    tympan_log_echo(1);
    plugin_open(argv[2], "TympanFactory");
    if (!strcmp(argv[1], "tour"))
        tour(rounds);
    else if (!strcmp(argv[1], "io"))
        io_alone(rounds);
    else if (!strcmp(argv[1], "publish"))
        publish((int64_t)option(argc, argv, "frames", 1e6), readers);
    else if (!strcmp(argv[1], "lap"))
        lap(seconds, readers);
    else if (!strcmp(argv[1], "threads"))
        threads(seconds, (int)option(argc, argv, "properties", 8), rounds);
    else
        wrong("there is no scenario %s", argv[1]);
    tympan_queue_set_threaded(0);
    return 0;
}
