/* A client HAL that has one driver: every call of a client is passed on to the driver's table.
 * Its plug-in object, 1, stands for the system object too. Types are coreaudio.h's; CoreFoundation is the
 * platform library's. */

#include "coreaudio.h"

typedef OSStatus (*listener)(AudioObjectID, UInt32, const AudioObjectPropertyAddress *, void *);

static AudioServerPlugInDriverRef driver;
static struct { AudioObjectID object; UInt32 selector; listener call; void *data; } heard[8];

void bridge_driver(void *reference) { driver = reference; }

/* What the host does on PropertiesChanged; how many listeners there were. */
int bridge_changed(AudioObjectID object, UInt32 selector)
{
    AudioObjectPropertyAddress address = {selector, kAudioObjectPropertyScopeGlobal, 0};
    int count = 0;
    for (int i = 0; i < 8; i++)
        if (heard[i].call && heard[i].object == object && heard[i].selector == selector && ++count)
            heard[i].call(object, 1, &address, heard[i].data);
    return count;
}

Boolean AudioObjectHasProperty(AudioObjectID object, const AudioObjectPropertyAddress *address)
{
    return (*driver)->HasProperty(driver, object, 0, address);
}

OSStatus AudioObjectIsPropertySettable(AudioObjectID object, const AudioObjectPropertyAddress *address, Boolean *out)
{
    return (*driver)->IsPropertySettable(driver, object, 0, address, out);
}

OSStatus AudioObjectGetPropertyDataSize(AudioObjectID object, const AudioObjectPropertyAddress *address, UInt32 more,
                                        const void *qualifier, UInt32 *size)
{
    return (*driver)->GetPropertyDataSize(driver, object, 0, address, more, qualifier, size);
}

OSStatus AudioObjectGetPropertyData(AudioObjectID object, const AudioObjectPropertyAddress *address, UInt32 more,
                                    const void *qualifier, UInt32 *size, void *data)
{
    AudioObjectPropertyAddress own = {kAudioPlugInPropertyBundleID, kAudioObjectPropertyScopeGlobal, 0};
    if (address->mSelector == 0x62696470) { /* 'bidp': its only plug-in, if the identifier is that one's */
        CFStringRef name = NULL;
        UInt32 bytes = sizeof name;
        (*driver)->GetPropertyData(driver, 1, 0, &own, 0, NULL, bytes, &bytes, &name);
        *(UInt32 *)data = CFEqual(name, *(const CFStringRef *)qualifier) ? 1 : 0;
        CFRelease(name);
        return 0;
    }
    return (*driver)->GetPropertyData(driver, object, 0, address, more, qualifier, *size, size, data);
}

OSStatus AudioObjectSetPropertyData(AudioObjectID object, const AudioObjectPropertyAddress *address, UInt32 more,
                                    const void *qualifier, UInt32 size, const void *data)
{
    return (*driver)->SetPropertyData(driver, object, 0, address, more, qualifier, size, data);
}

OSStatus AudioObjectAddPropertyListener(AudioObjectID object, const AudioObjectPropertyAddress *address, listener call,
                                        void *data)
{
    for (int i = 0; i < 8; i++)
        if (!heard[i].call) {
            heard[i].object = object, heard[i].selector = address->mSelector;
            heard[i].call = call, heard[i].data = data;
            return 0;
        }
    return kAudioHardwareUnspecifiedError;
}

OSStatus AudioObjectRemovePropertyListener(AudioObjectID object, const AudioObjectPropertyAddress *address,
                                           listener call, void *data)
{
    for (int i = 0; i < 8; i++)
        if (heard[i].call == call && heard[i].object == object && heard[i].selector == address->mSelector &&
            heard[i].data == data) {
            heard[i].call = NULL;
            return 0;
        }
    return kAudioHardwareUnspecifiedError;
}
