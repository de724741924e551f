/* What drivers in the field do with constants, storage, icons and UUIDs; by any compiler. */

#include "coreaudio.h"

static AudioServerPlugInDriverInterface *table;

/* A factory, as every sample has it. */
void *field_factory(CFAllocatorRef allocator, CFUUIDRef type)
{
    (void)allocator;
    return CFEqual(type, kAudioServerPlugInTypeUUID) ? &table : NULL;
}

int field_has_interface(REFIID uuid)
{
    CFUUIDRef wanted = CFUUIDCreateFromUUIDBytes(NULL, uuid);
    int known = CFEqual(wanted, IUnknownUUID) || CFEqual(wanted, kAudioServerPlugInDriverInterfaceUUID);
    CFRelease(wanted);
    return known;
}

/* A setting of whatever type an earlier version left: 1, 0, or -1 for none. */
int field_setting(CFPropertyListRef value)
{
    SInt32 number = 0;
    if (!value)
        return -1;
    if (CFGetTypeID(value) == CFBooleanGetTypeID())
        return CFBooleanGetValue((CFBooleanRef)value);
    if (CFGetTypeID(value) == CFNumberGetTypeID())
        CFNumberGetValue((CFNumberRef)value, kCFNumberSInt32Type, &number);
    return number != 0;
}

CFStringRef field_uid(int channels)
{
    return CFStringCreateWithFormat(NULL, NULL, CFSTR("Black%ich_UID"), channels);
}

CFStringRef field_constant(void) { return CFSTR("a constant"); }

CFURLRef field_icon(const char *identifier)
{
    CFStringRef name = CFStringCreateWithCString(NULL, identifier, kCFStringEncodingUTF8);
    CFBundleRef bundle = CFBundleGetBundleWithIdentifier(name);
    CFRelease(name);
    return bundle ? CFBundleCopyResourceURL(bundle, CFSTR("DeviceIcon.icns"), NULL, NULL) : NULL;
}
