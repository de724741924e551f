/*
 * Constant strings, CFSTR("..."); included once, by _platform.pyx.
 *
 * Clang puts them into the binary: four words that begin with the address of
 * __CFConstantStringClassReference, bound when the binary is loaded. Others
 * call __CFStringMakeConstantString, which answers the same object for the same
 * text. Both live for ever: retaining and releasing them does nothing.
 */

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

PUBLIC int __CFConstantStringClassReference[24];

typedef struct constant_string {
    const void *class;
    int flags;
    const void *text;
    long length;
} constant_string;

#define CONSTANT_UTF16 0x10 /* in `flags`; without it the text has 8 bits */
#define CONSTANT_LONGEST (1l << 24)

/* Copies memory that may not be there; whether it was. System calls, because a sanitizer checks what a function
 * of the C library is given. */
static int memory_read(const void *address, void *copy, size_t size)
{
    struct iovec to = {copy, size}, from = {(void *)address, size};
    long done = syscall(SYS_process_vm_readv, (long)getpid(), &to, 1ul, &from, 1ul, 0ul);
    if (done >= 0 || errno == EFAULT)
        return done == (long)size;
    int ends[2]; /* not allowed in some containers: ask a pipe, in pieces that surely fit */
    if (pipe(ends))
        return 0;
    size_t at = 0;
    for (size_t piece; at < size; at += piece) {
        piece = size - at < 4096 ? size - at : 4096;
        if (syscall(SYS_write, (long)ends[1], (const char *)address + at, piece) != (long)piece ||
            read(ends[0], (char *)copy + at, piece) != (ssize_t)piece)
            break;
    }
    close(ends[0]);
    close(ends[1]);
    return at == size;
}

static void *string_object_make(const UniChar *units, CFIndex length, int flags, tympan_call call);
static CFIndex text_decode(CFStringEncoding encoding, const UInt8 *bytes, CFIndex size, int external, UniChar **units);

/* The text of a constant in a driver's binary, as UTF-16; NULL when it is none. */
static UniChar *constant_text(const void *reference, CFIndex *length)
{
    constant_string constant;
    UniChar *units = NULL;
    if ((uintptr_t)reference % sizeof(void *) || !memory_read(reference, &constant, sizeof constant) ||
        constant.class != __CFConstantStringClassReference || constant.length < 0 ||
        constant.length > CONSTANT_LONGEST)
        return NULL;
    size_t size = (size_t)constant.length * (constant.flags & CONSTANT_UTF16 ? 2 : 1);
    UInt8 *text = malloc(size + 1);
    if (text && memory_read(constant.text, text, size))
        *length = text_decode(constant.flags & CONSTANT_UTF16 ? kCFStringEncodingUTF16LE : kCFStringEncodingUTF8,
                              text, (CFIndex)size, 0, &units);
    free(text);
    return units;
}

/* A reference that is in no table: enter it, if it is a constant string. Of two threads that find it, one enters it. */
static tympan_object *constant_adopt(const void *reference)
{
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    char dead[8];
    CFIndex length = 0;
    UniChar *units = constant_text(reference, &length);
    if (!units)
        return NULL;
    pthread_mutex_lock(&once);
    tympan_object *object = table_find(reference, dead, sizeof dead);
    if (!object) {
        object = string_object_make(units, length, IS_IMMORTAL, (tympan_call){"CFSTR", reference});
        object->address = reference;
        object_publish(object);
    }
    pthread_mutex_unlock(&once);
    free(units);
    return object;
}

/* --- for compilers that know no constant strings ------------------------------- */

typedef struct interned {
    struct interned *next;
    const void *object;
    size_t size;
    char key[];
} interned;

static struct {
    pthread_mutex_t lock;
    interned *rows[256];
} interned_objects = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* One immortal object for each key, which `make` makes of it. */
static const void *intern(char kind, const void *key, size_t size, const void *(*make)(const void *, size_t))
{
    unsigned hash = (unsigned)kind;
    for (size_t i = 0; i < size; i++)
        hash = hash * 31 + ((const unsigned char *)key)[i];
    interned **place = &interned_objects.rows[hash % 256];
    pthread_mutex_lock(&interned_objects.lock);
    interned *row = *place;
    while (row && (row->size != size + 1 || row->key[0] != kind || memcmp(row->key + 1, key, size) != 0))
        row = row->next;
    const void *object = row ? row->object : make(key, size);
    if (!row && object && (row = malloc(sizeof *row + size + 1))) {
        *row = (interned){*place, object, size + 1};
        row->key[0] = kind;
        memcpy(row->key + 1, key, size);
        *place = row;
    }
    pthread_mutex_unlock(&interned_objects.lock);
    return object;
}

static const void *constant_make(const void *text, size_t size)
{
    UniChar *units = NULL;
    CFIndex length = text_decode(kCFStringEncodingUTF8, text, (CFIndex)size, 0, &units);
    if (length < 0)
        return NULL;
    void *object = string_object_make(units, length, IS_IMMORTAL, (tympan_call){"CFSTR", NULL});
    free(units);
    return object_publish(object);
}

CFStringRef __CFStringMakeConstantString(const char *text)
{
    return intern('s', text, strlen(text), constant_make);
}
