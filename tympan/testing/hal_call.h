/*
 * One call of the driver's table as data, and how it is made: what a script holds, the fuzzer
 * makes up and a trace's replay repeats. Any thread, each with memory of its own.
 *
 * Every buffer that a driver gets ends where a page begins that nobody may touch, or up to 7 bytes
 * before (audio: 15), as its alignment demands; these bytes and 64 before it are a guard. What a
 * driver gets to read is compared afterwards.
 */

#ifndef TYMPAN_HAL_CALL_H
#define TYMPAN_HAL_CALL_H

#include "platform.h"

#include <stdlib.h>
#include <sys/mman.h>

/* The 22 functions by their slot in the table. */
enum call_slot {
    CALL_QUERY_INTERFACE = 1, CALL_ADD_REF, CALL_RELEASE, CALL_INITIALIZE, CALL_CREATE_DEVICE, CALL_DESTROY_DEVICE,
    CALL_ADD_CLIENT, CALL_REMOVE_CLIENT, CALL_PERFORM, CALL_ABORT, CALL_HAS, CALL_SETTABLE, CALL_SIZE, CALL_GET,
    CALL_SET, CALL_START, CALL_STOP, CALL_STAMP, CALL_WILL_DO, CALL_BEGIN, CALL_DO, CALL_END, CALL_SLOTS,
};

/* Pointers that are NULL. What a function has no such argument of is ignored. */
enum call_null {
    NULL_DRIVER = 1,
    NULL_ADDRESS = 2, /* the property address, client info or cycle info */
    NULL_DATA = 4,    /* the data of Get and Set, the main buffer, the seed of a stamp */
    NULL_OUT = 8,     /* the first answer */
    NULL_OUT_2 = 16,  /* the second: in place, host time, outDataSize of Get */
    NULL_SECOND = 32, /* the secondary buffer */
};

enum call_content {
    CONTENT_BYTES, CONTENT_STRING, CONTENT_URL, CONTENT_UUID, CONTENT_NUMBER, CONTENT_DATA, CONTENT_ARRAY,
    CONTENT_DICTIONARY, CONTENT_PLIST,
};

typedef struct hal_call {
    UInt8 slot, thread;
    UInt8 nulls;
    UInt8 qualifier_kind, data_kind; /* other than bytes: the payload is text, and the driver gets a reference */
    UInt8 flag;                      /* native endian of a client */
    UInt16 policy;                   /* of a step of the host */
    UInt32 object;                   /* or device */
    UInt32 stream, client;
    SInt32 pid;
    UInt32 selector; /* or operation */
    UInt32 scope, element;
    UInt32 amount;      /* frames; bytes of room for Get */
    UInt32 main_size;   /* bytes of the main buffer */
    UInt32 second_size; /* of the secondary buffer */
    UInt32 fill;        /* what audio is in the main buffer before: 0 silence, others noise of that number */
    UInt32 qualifier_size, data_size; /* bytes of payload, which follows in this order; a cycle info is the qualifier */
    UInt64 action, info; /* or ticks */
} hal_call;

enum call_fault {
    CALL_FINE,
    CALL_WROTE_BEYOND, /* fact: which memory (enum call_region), before or after */
    CALL_WROTE_INPUT,
    CALL_TOO_LONG,     /* fact: the size it answered */
};

typedef struct hal_answer {
    OSStatus status; /* or a count, or HasProperty's answer */
    UInt32 size, value, second_value;
    Float64 sample;
    UInt64 host, seed;
    const void *found;
    unsigned char *data, *main, *second; /* valid until the thread's next call */
    int fault;
    UInt64 fact;
} hal_answer;

/* --- memory ---------------------------------------------------------------------- */

enum call_region { REGION_QUALIFIER, REGION_DATA, REGION_SECOND, REGION_SMALL, REGIONS };

#define CALL_GUARD 64
#define CALL_GUARD_BYTE 0xA5
#define CALL_LARGEST (8u << 20)

typedef struct hal_memory {
    unsigned char *block[REGIONS], *end[REGIONS];
    unsigned char *place[REGIONS]; /* of the call at work, or NULL */
    size_t size[REGIONS], block_size;
} hal_memory;

static int memory_open(hal_memory *m, size_t largest)
{
    m->block_size = (largest + CALL_GUARD + 16383) / 16384 * 16384 + 16384; /* whole pages on any system */
    for (int i = 0; i < REGIONS; i++) {
        m->block[i] = mmap(NULL, m->block_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (m->block[i] == MAP_FAILED)
            return -1;
        m->end[i] = m->block[i] + m->block_size - 16384;
        if (mprotect(m->end[i], 16384, PROT_NONE))
            return -1;
        m->place[i] = NULL;
    }
    return 0;
}

static void memory_close(hal_memory *m)
{
    for (int i = 0; i < REGIONS; i++)
        if (m->block[i] && m->block[i] != MAP_FAILED)
            munmap(m->block[i], m->block_size);
    memset(m, 0, sizeof *m);
}

/* `size` bytes of a region, guarded; undefined content. The caller keeps to the largest size. */
static unsigned char *memory_aligned(hal_memory *m, int region, size_t size, size_t alignment)
{
    unsigned char *place = (unsigned char *)((uintptr_t)(m->end[region] - size) & ~(uintptr_t)(alignment - 1));
    memset(place - CALL_GUARD, CALL_GUARD_BYTE, CALL_GUARD);
    memset(place + size, CALL_GUARD_BYTE, (size_t)(m->end[region] - place) - size);
    m->place[region] = place;
    m->size[region] = size;
    return place;
}

static unsigned char *memory_take(hal_memory *m, int region, size_t size)
{
    return memory_aligned(m, region, size, 8);
}

static int bytes_are(const unsigned char *bytes, size_t count, unsigned char wanted)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != wanted)
            return 0;
    return 1;
}

static void memory_check(hal_memory *m, hal_answer *a)
{
    static const unsigned char intact[CALL_GUARD] = {[0 ... CALL_GUARD - 1] = CALL_GUARD_BYTE};
    for (int i = 0; i < REGIONS; i++) {
        unsigned char *place = m->place[i];
        m->place[i] = NULL;
        if (!place || a->fault)
            continue;
        int before = memcmp(place - CALL_GUARD, intact, CALL_GUARD) != 0;
        if (before || !bytes_are(place + m->size[i], (size_t)(m->end[i] - place) - m->size[i], CALL_GUARD_BYTE)) {
            a->fault = CALL_WROTE_BEYOND;
            a->fact = (UInt64)(i * 2 + before);
        }
    }
}

/* --- arguments ------------------------------------------------------------------- */

/* The string, and what holds it: [text], {text: text}. A number is the text's value. */
static CFTypeRef content_around(int kind, const char *text)
{
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    const void *items[] = {string};
    double number = strtod(text, NULL);
    CFTypeRef made = (CFTypeRef)string;
    if (kind == CONTENT_NUMBER)
        made = (CFTypeRef)CFNumberCreate(NULL, kCFNumberFloat64Type, &number);
    else if (kind == CONTENT_ARRAY)
        made = (CFTypeRef)CFArrayCreate(NULL, items, string != NULL, &kCFTypeArrayCallBacks);
    else if (kind == CONTENT_DICTIONARY)
        made = (CFTypeRef)CFDictionaryCreate(NULL, items, items, string != NULL, &kCFTypeDictionaryKeyCallBacks,
                                             &kCFTypeDictionaryValueCallBacks);
    else if (kind == CONTENT_URL)
        made = (CFTypeRef)CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)text, (CFIndex)strlen(text), 0);
    if (made != (CFTypeRef)string && string)
        CFRelease((CFTypeRef)string);
    return made;
}

static CFTypeRef content_try(int kind, const unsigned char *payload, size_t size)
{
    char text[1024];
    size_t kept = size < sizeof text ? size : sizeof text - 1;
    if (kind == CONTENT_UUID)
        return (CFTypeRef)CFUUIDCreateFromUUIDBytes(NULL, tympan_uuid_bytes((const UInt8 *)"tympan fuzz uuid"));
    if (kind == CONTENT_DATA)
        return (CFTypeRef)CFDataCreate(NULL, payload, (CFIndex)size);
    if (kind == CONTENT_PLIST) {
        CFDataRef data = CFDataCreate(NULL, payload, (CFIndex)size);
        CFTypeRef made = CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, NULL);
        CFRelease((CFTypeRef)data);
        return made;
    }
    memcpy(text, payload, kept);
    text[kept] = 0;
    return content_around(kind, text);
}

/* A reference to what a payload describes, never NULL; the caller releases it. */
static CFTypeRef content_make(int kind, const unsigned char *payload, size_t size)
{
    CFTypeRef made = content_try(kind, payload, size);
    return made ? made : (CFTypeRef)CFStringCreateWithCString(NULL, "?", kCFStringEncodingUTF8);
}

static const unsigned char *call_qualifier(const hal_call *c) { return (const unsigned char *)(c + 1); }
static const unsigned char *call_data(const hal_call *c) { return call_qualifier(c) + c->qualifier_size; }

/* One argument in guarded memory: bytes, or a reference that is kept in `*reference` for release. */
static unsigned char *argument(hal_memory *m, int region, int kind, const unsigned char *payload, UInt32 *size,
                               CFTypeRef *reference)
{
    *reference = NULL;
    if (kind == CONTENT_BYTES) {
        unsigned char *place = memory_take(m, region, *size);
        memcpy(place, payload, *size);
        return place;
    }
    *reference = content_make(kind, payload, *size);
    *size = sizeof *reference;
    unsigned char *place = memory_take(m, region, *size);
    memcpy(place, reference, *size);
    return place;
}

/* Samples of -1 to 1 that are the same for the same number on every machine. */
static void audio_fill(unsigned char *to, size_t size, UInt32 number)
{
    uint32_t state = number * 2654435761u | 1;
    if (!number) {
        memset(to, 0, size);
        return;
    }
    for (size_t i = 0; i + 4 <= size; i += 4) {
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        float value = (float)(int32_t)state / 2147483648.0f;
        memcpy(to + i, &value, 4);
    }
    memset(to + size / 4 * 4, 0, size % 4);
}

#include "hal_call_make.h"

#endif
