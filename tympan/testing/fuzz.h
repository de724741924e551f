/*
 * The fuzzer: makes up calls of a driver as a host could send them, from several threads, while IO
 * runs, and looks at every answer. docs/fuzzing.md says what it keeps to; _fuzz.pyx includes this.
 *
 * It runs in a process of its own. What it does is written into memory that the watching process
 * shares, before it is done, so that a crash or a hang leaves its calls behind.
 */

#include "hal_call.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "fuzz_shared.h"
#include "fuzz_coverage.h"
#include "fuzz_state.h"
#include "fuzz_host.h"
#include "fuzz_learn.h"
#include "fuzz_step.h"
#include "fuzz_execute.h"
#include "fuzz_make.h"
#include "fuzz_plan.h"
#include "fuzz_mutate.h"
#include "fuzz_run.h"
