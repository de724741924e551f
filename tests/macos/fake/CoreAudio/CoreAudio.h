/* The part of Apple's client HAL that loopback.c and probe.py use, so that both run on Linux against coreaudio.c.
 * Types and constants are those of the interface; nothing of Apple's text is here. */
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t UInt32;
typedef int32_t OSStatus;
typedef UInt32 AudioObjectID, AudioObjectPropertySelector;
typedef const void *CFStringRef;
typedef struct { UInt32 mSelector, mScope, mElement; } AudioObjectPropertyAddress;
typedef struct { UInt32 mNumberChannels, mDataByteSize; void *mData; } AudioBuffer;
typedef struct { UInt32 mNumberBuffers; AudioBuffer mBuffers[1]; } AudioBufferList;
typedef struct AudioTimeStamp AudioTimeStamp;
typedef OSStatus (*AudioDeviceIOProc)(AudioObjectID, const AudioTimeStamp *, const AudioBufferList *,
                                      const AudioTimeStamp *, AudioBufferList *, const AudioTimeStamp *, void *);
typedef AudioDeviceIOProc AudioDeviceIOProcID;

#define kCFStringEncodingUTF8 0x08000100
#define kAudioObjectUnknown 0
#define kAudioObjectSystemObject 1
#define kAudioObjectPropertyScopeGlobal 'glob'
#define kAudioHardwarePropertyTranslateUIDToDevice 'uidd'
#define kAudioDevicePropertyNominalSampleRate 'nsrt'
#define kAudioDevicePropertyBufferFrameSize 'fsiz'

CFStringRef CFStringCreateWithCString(const void *allocator, const char *text, UInt32 encoding);
bool CFStringGetCString(CFStringRef text, char *buffer, long size, UInt32 encoding);
void CFRelease(const void *object);
OSStatus AudioObjectGetPropertyDataSize(AudioObjectID, const AudioObjectPropertyAddress *, UInt32, const void *, UInt32 *);
OSStatus AudioObjectGetPropertyData(AudioObjectID, const AudioObjectPropertyAddress *, UInt32, const void *, UInt32 *,
                                    void *);
OSStatus AudioObjectSetPropertyData(AudioObjectID, const AudioObjectPropertyAddress *, UInt32, const void *, UInt32,
                                    const void *);
OSStatus AudioDeviceCreateIOProcID(AudioObjectID, AudioDeviceIOProc, void *, AudioDeviceIOProcID *);
OSStatus AudioDeviceDestroyIOProcID(AudioObjectID, AudioDeviceIOProcID);
OSStatus AudioDeviceStart(AudioObjectID, AudioDeviceIOProcID);
OSStatus AudioDeviceStop(AudioObjectID, AudioDeviceIOProcID);
