/* Which defect there is, and those of the driver's life. */

#include "spoil.h"

#include <unistd.h>

enum defect_number chosen_defect;
unsigned lives_begun; /* Initialize calls of this process */

#define DEFECT_NAME(name) #name,
static const char *const names[DEFECT_COUNT] = {"", ALL_DEFECTS(DEFECT_NAME)};

/* "stamp-moves" is stamp_moves. */
static bool is_name(const char *wanted, const char *name)
{
    for (; *name && *wanted == (*name == '_' ? '-' : *name); name++)
        wanted++;
    return !*name && !*wanted;
}

/* A misspelt name must not pass for a driver without defects. */
void choose_defect(void)
{
    const char *wanted = getenv("TYMPAN_DEFECT");
    chosen_defect = NO_DEFECT;
    for (int i = 1; wanted && i < DEFECT_COUNT; i++)
        if (is_name(wanted, names[i]))
            chosen_defect = (enum defect_number)i;
    if (wanted && *wanted && chosen_defect == NO_DEFECT) {
        fprintf(stderr, "the subject has no defect %s\n", wanted);
        abort();
    }
}

void spoil_table(AudioServerPlugInDriverInterface *table)
{
    table->AbortDeviceConfigurationChange = defect(null_slot) ? NULL : subject_abort;
}

/* denom / numer is 3 / 125 on Apple silicon, which is 0. */
void spoil_clock(void)
{
    mach_timebase_info_data_t base;
    mach_timebase_info(&base);
    if (defect(timebase_divided_as_integers)) {
        state.ticks_numerator = base.denom / base.numer * 1000000000ull;
        state.ticks_denominator = 1;
    }
}

static void *wake_up_for_ever(void *microseconds)
{
    for (;;)
        usleep((useconds_t)(uintptr_t)microseconds);
    return NULL;
}

static void start_thread(uintptr_t microseconds)
{
    pthread_t thread;
    pthread_create(&thread, NULL, wake_up_for_ever, (void *)microseconds);
    pthread_detach(thread);
}

OSStatus spoil_initialize(AudioServerPlugInHostRef host, OSStatus status)
{
    lives_begun++;
    if (defect(polling_thread))
        start_thread(1000);
    if (defect(initialize_requests_change))
        host->RequestDeviceConfigurationChange(host, DESK, 1, NULL);
    if (defect(initialize_leaves_thread)) {
        start_thread(100000);
        return kAudioHardwareUnspecifiedError;
    }
    return status;
}

/* Takes any number for a request of its own. With the lock. */
void spoil_perform(device *d, UInt64 action)
{
    if (defect(unknown_change_applied) && action != d->action) {
        d->asked = d->now;
        d->asked.rate = d->now.rate == 96000 ? 48000 : 96000;
        d->wanted = d->asked;
        d->action = action;
    }
}
