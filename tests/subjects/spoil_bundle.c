/* Defects of the binary itself, linked into the correct driver by build.py. */

#include "coreaudio.h"

#ifdef SECOND_EXPORT
__attribute__((visibility("default"))) int subject_helper(void)
{
    return 1;
}
#endif

#ifdef CLIENT_HAL
/* What clients of the HAL call, and no driver may. Weak, so that the binary loads where there is none. */
extern OSStatus AudioObjectGetPropertyData(AudioObjectID, const AudioObjectPropertyAddress *, UInt32, const void *,
                                           UInt32 *, void *) __attribute__((weak, visibility("default")));

void *subject_asks_client_hal(void)
{
    return (void *)AudioObjectGetPropertyData;
}
#endif
