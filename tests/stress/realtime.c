/* Everything of the primitives that IO code may call, inside RealtimeSanitizer's
 * realtime context: it ends the program at the first allocation, lock or system
 * call. With an argument it also does what is not allowed, to show that it would. */
#include <stdio.h>

#include "_double_buffer.h"
#include "_mpsc.h"
#include "_ramp.h"
#include "_spsc.h"

void __rtsan_realtime_enter(void);
void __rtsan_realtime_exit(void);

enum { FRAMES = 100 };
static ty_spsc frames, items;
static ty_double block;
static ty_mpsc records;
static ty_parameter parameter = {0, -1, 1};
static ty_ramp ramp;

static void io(int turn) {
    float samples[2 * FRAMES] = {0};
    uint64_t item[3] = {1, 2, 3};
    uint32_t ticket;
    ty_parameter_set(&parameter, ty_parameter_get(&parameter) + 1);
    ramp.exponential = turn % 2;
    ty_parameter_set(&ramp.target, 1 + turn % 3);
    ty_ramp_fill(&ramp, samples, FRAMES);
    ty_ramp_apply(&ramp, samples, samples, FRAMES, 2);
    samples[0] += ty_ramp_next(&ramp);
    ty_spsc_push(&frames, samples, FRAMES);
    ty_spsc_pop(&frames, samples, FRAMES / 2);
    ty_spsc_discard(&frames, ty_spsc_available(&frames) / 2);
    ty_spsc_push_one(&items, item, sizeof item);
    ty_spsc_pop_one(&items, item, sizeof item);
    ty_double_load(&block, item, sizeof item);
    ty_double_acquire(&block, &ticket);
    ty_double_release(&block, ticket);
    ty_mpsc_push(&records, item, sizeof item);
}

int main(int arguments, char **argument) {
    (void)argument;
    ramp.target.maximum = ramp.length = 70;
    if (!ty_spsc_create(&frames, 8, 150) || !ty_spsc_create(&items, 24, 2) || !ty_mpsc_create(&records, 24, 8)) return 2;
    if (!ty_double_create(&block, NULL, 24)) return 2;
    __rtsan_realtime_enter();
    for (int turn = 0; turn < 1000; turn++) io(turn);
    if (arguments > 1) ty_double_store(&block, &ramp, 0); /* takes a mutex */
    __rtsan_realtime_exit();
    puts("done");
    return 0;
}
