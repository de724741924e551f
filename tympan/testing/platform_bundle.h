/*
 * CFBundle and CFError; included once, by _platform.pyx.
 *
 * A bundle is known once the host has added it, or once its binary is loaded
 * (tympan_hooks.bundle reads the Info.plist). Bundles live for ever, as
 * CoreFoundation's cache keeps them: a release too many is not found.
 */

#include <link.h>

static tympan_hooks hooks;

void tympan_set_hooks(const tympan_hooks *wanted)
{
    hooks = *wanted;
}

typedef struct bundle_object {
    tympan_object base;
    struct bundle_object *next;
    char *path;
    CFDictionaryRef info; /* owned */
} bundle_object;

static struct {
    pthread_mutex_t lock;
    bundle_object *first;
} bundles = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What a driver in the helper process of coreaudiod finds: a bundle that is not its own. */
#define MAIN_BUNDLE "/System/Library/Frameworks/CoreAudio.framework/XPCServices/com.apple.audio.DriverHelper.xpc"

static bundle_object *bundle_of_path(const char *path)
{
    pthread_mutex_lock(&bundles.lock);
    bundle_object *bundle = bundles.first;
    while (bundle && strcmp(bundle->path, path) != 0)
        bundle = bundle->next;
    pthread_mutex_unlock(&bundles.lock);
    return bundle;
}

void tympan_bundle_add(const char *path, CFDictionaryRef info)
{
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&once);
    if (!bundle_of_path(path)) {
        bundle_object *bundle = object_create(TYMPAN_BUNDLE, IS_IMMORTAL, sizeof *bundle, CALL);
        bundle->path = strdup(path);
        bundle->info = info;
        object_publish(bundle);
        pthread_mutex_lock(&bundles.lock);
        bundle->next = bundles.first;
        bundles.first = bundle;
        pthread_mutex_unlock(&bundles.lock);
    }
    pthread_mutex_unlock(&once);
}

/* --- finding ------------------------------------------------------------------------------- */

/* A binary that is loaded: X.driver/Contents/MacOS/X is a bundle's. Gathers paths, each with a final 0. */
static int bundle_of_image(struct dl_phdr_info *image, size_t size, void *context)
{
    (void)size;
    const char *inside = image->dlpi_name ? strstr(image->dlpi_name, "/Contents/MacOS/") : NULL;
    if (inside) {
        text_add(context, image->dlpi_name, (size_t)(inside - image->dlpi_name));
        text_add(context, "", 1);
    }
    return 0;
}

/* The hook runs outside of the linker's lock, because it takes one of its own. */
static void bundles_find_loaded(void)
{
    text_builder paths = {0};
    dl_iterate_phdr(bundle_of_image, &paths);
    for (size_t at = 0; at < paths.size; at += strlen(paths.text + at) + 1)
        if (!bundle_of_path(paths.text + at) && hooks.bundle)
            hooks.bundle(paths.text + at);
    free(paths.text);
}

static CFStringRef bundle_string(bundle_object *bundle, CFStringRef key)
{
    const void *value = CFDictionaryGetValue(bundle->info, key);
    return value && tympan_kind_of(value) == TYMPAN_STRING ? value : NULL;
}

static bundle_object *bundle_of_identifier(CFStringRef identifier, tympan_call call)
{
    pthread_mutex_lock(&bundles.lock);
    bundle_object *bundle = bundles.first;
    pthread_mutex_unlock(&bundles.lock);
    for (; bundle; bundle = bundle->next) { /* none is ever taken out */
        CFStringRef own = bundle_string(bundle, kCFBundleIdentifierKey);
        if (own && objects_equal(own, identifier, call))
            break;
    }
    return bundle;
}

CFTypeID CFBundleGetTypeID(void)
{
    return type_of(TYMPAN_BUNDLE);
}

CFBundleRef CFBundleGetBundleWithIdentifier(CFStringRef identifier)
{
    if (!checked(identifier, TYMPAN_STRING, CALL))
        return NULL;
    bundle_object *bundle = bundle_of_identifier(identifier, CALL);
    if (!bundle) {
        bundles_find_loaded();
        bundle = bundle_of_identifier(identifier, CALL);
    }
    return (CFBundleRef)bundle;
}

CFBundleRef CFBundleGetMainBundle(void)
{
    if (!bundle_of_path(MAIN_BUNDLE)) {
        const void *key = kCFBundleIdentifierKey, *name = __CFStringMakeConstantString("com.apple.audio.DriverHelper");
        tympan_bundle_add(MAIN_BUNDLE, dictionary_make(&key, &name, 1, &kCFTypeDictionaryKeyCallBacks,
                                                       &kCFTypeDictionaryValueCallBacks, IS_IMMORTAL, CALL));
    }
    return (CFBundleRef)bundle_of_path(MAIN_BUNDLE);
}

CFBundleRef CFBundleCreate(CFAllocatorRef allocator, CFURLRef reference)
{
    allocator_check(allocator, CALL);
    url_object *url = checked(reference, TYMPAN_URL, CALL);
    char *path = url ? url_path(url, CALL) : NULL;
    if (!path)
        return NULL;
    if (!bundle_of_path(path) && hooks.bundle)
        hooks.bundle(path);
    bundle_object *bundle = bundle_of_path(path);
    free(path);
    return (CFBundleRef)bundle;
}

/* --- what it says of itself -------------------------------------------------------------------- */

CFStringRef CFBundleGetIdentifier(CFBundleRef reference)
{
    bundle_object *bundle = checked(reference, TYMPAN_BUNDLE, CALL);
    return bundle ? bundle_string(bundle, kCFBundleIdentifierKey) : NULL;
}

CFDictionaryRef CFBundleGetInfoDictionary(CFBundleRef reference)
{
    bundle_object *bundle = checked(reference, TYMPAN_BUNDLE, CALL);
    return bundle ? bundle->info : NULL;
}

CFTypeRef CFBundleGetValueForInfoDictionaryKey(CFBundleRef reference, CFStringRef key)
{
    bundle_object *bundle = checked(reference, TYMPAN_BUNDLE, CALL);
    return bundle && checked(key, TYMPAN_STRING, CALL) ? CFDictionaryGetValue(bundle->info, key) : NULL;
}

/* CFBundleVersion as in the old 'vers' resource: 1.2.3 is 0x01238000; 0 when it is not of that form. */
UInt32 CFBundleGetVersionNumber(CFBundleRef reference)
{
    char text[32];
    unsigned major = 0, minor = 0, fix = 0;
    bundle_object *bundle = checked(reference, TYMPAN_BUNDLE, CALL);
    CFStringRef version = bundle ? bundle_string(bundle, kCFBundleVersionKey) : NULL;
    if (!version || !CFStringGetCString(version, text, sizeof text, kCFStringEncodingASCII) ||
        sscanf(text, "%u.%u.%u", &major, &minor, &fix) < 1 || major > 99 || minor > 9 || fix > 9)
        return 0;
    return (major / 10 << 28) | (major % 10 << 24) | (minor << 20) | (fix << 16) | 0x8000;
}

/* --- its files ------------------------------------------------------------------------------------ */

static CFURLRef bundle_url(CFBundleRef reference, const char *inside, int folder, tympan_call call)
{
    char path[8192];
    bundle_object *bundle = checked(reference, TYMPAN_BUNDLE, call);
    if (!bundle)
        return NULL;
    int size = snprintf(path, sizeof path, "%s%s", bundle->path, inside);
    return size < (int)sizeof path ? url_of_path(path, (size_t)size, folder, call) : NULL;
}

CFURLRef CFBundleCopyBundleURL(CFBundleRef bundle)
{
    return bundle_url(bundle, "", 1, CALL);
}

CFURLRef CFBundleCopyResourcesDirectoryURL(CFBundleRef bundle)
{
    return bundle_url(bundle, "/Contents/Resources", 1, CALL);
}

CFURLRef CFBundleCopyExecutableURL(CFBundleRef reference)
{
    char name[512], inside[600];
    bundle_object *bundle = checked(reference, TYMPAN_BUNDLE, CALL);
    CFStringRef executable = bundle ? bundle_string(bundle, kCFBundleExecutableKey) : NULL;
    if (!executable || !CFStringGetCString(executable, name, sizeof name, kCFStringEncodingUTF8))
        return NULL;
    snprintf(inside, sizeof inside, "/Contents/MacOS/%s", name);
    return bundle_url(reference, inside, 0, CALL);
}

/* UTF-8 of a string that may be NULL, which is "". 0 when it is no string. */
static int optional_text(CFStringRef string, char *text, CFIndex size, tympan_call call)
{
    *text = 0;
    return !string || (checked(string, TYMPAN_STRING, call) &&
                       CFStringGetCString(string, text, size, kCFStringEncodingUTF8));
}

/* Contents/Resources, then its folders for a language; NULL when there is no such file. */
CFURLRef CFBundleCopyResourceURL(CFBundleRef reference, CFStringRef name, CFStringRef type, CFStringRef folder)
{
    static const char *const places[] = {"", "Base.lproj/", "en.lproj/", "English.lproj/"};
    char file[512], suffix[64], inside[512], whole[8192];
    bundle_object *bundle = checked(reference, TYMPAN_BUNDLE, CALL);
    if (!bundle || !checked(name, TYMPAN_STRING, CALL) || !optional_text(name, file, sizeof file, CALL) ||
        !optional_text(type, suffix, sizeof suffix, CALL) || !optional_text(folder, inside, sizeof inside, CALL))
        return NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *dot = *suffix && *suffix != '.' ? "." : "", *slash = *inside ? "/" : "";
        snprintf(whole, sizeof whole, "%s/Contents/Resources/%s%s%s%s%s%s", bundle->path, places[i], inside, slash, file,
                 dot, suffix);
        if (access(whole, F_OK) == 0)
            return url_of_path(whole, strlen(whole), whole[strlen(whole) - 1] == '/', CALL);
    }
    return NULL;
}

/* Tables of strings are not read: the answer is `value`, or the key, as for a key without a translation. */
CFStringRef CFBundleCopyLocalizedString(CFBundleRef bundle, CFStringRef key, CFStringRef value, CFStringRef table)
{
    (void)table;
    string_object *string = value ? checked(value, TYMPAN_STRING, CALL) : NULL;
    if (!checked(bundle, TYMPAN_BUNDLE, CALL) || !checked(key, TYMPAN_STRING, CALL))
        return NULL;
    return object_retain(string && string->length ? value : key, CALL);
}

static void bundle_describe(tympan_object *object, char *text, size_t size)
{
    snprintf(text, size, "CFBundle \"%.80s\"", ((bundle_object *)object)->path);
}

/* --- CFError ---------------------------------------------------------------------------------------- */

typedef struct error_object {
    tympan_object base;
    CFStringRef domain;
    CFIndex code;
    CFDictionaryRef info;
} error_object;

static CFErrorRef error_make(CFStringRef domain, CFIndex code, CFDictionaryRef info, tympan_call call)
{
    error_object *error = object_create(TYMPAN_ERROR, 0, sizeof *error, call);
    error->domain = object_hold(domain, call);
    error->info = info ? object_hold(info, call) : NULL;
    error->code = code;
    return (CFErrorRef)object_publish(error);
}

static void error_end(tympan_object *object)
{
    error_object *error = (error_object *)object;
    tympan_call call = {"release by a CFError", NULL};
    object_drop(error->domain, call);
    if (error->info)
        object_drop(error->info, call);
}

CFTypeID CFErrorGetTypeID(void)
{
    return type_of(TYMPAN_ERROR);
}

CFErrorRef CFErrorCreate(CFAllocatorRef allocator, CFStringRef domain, CFIndex code, CFDictionaryRef info)
{
    allocator_check(allocator, CALL);
    if (!checked(domain, TYMPAN_STRING, CALL) || (info && !checked(info, TYMPAN_DICTIONARY, CALL)))
        return NULL;
    return error_make(domain, code, info, CALL);
}

CFIndex CFErrorGetCode(CFErrorRef reference)
{
    error_object *error = checked(reference, TYMPAN_ERROR, CALL);
    return error ? error->code : 0;
}

CFStringRef CFErrorGetDomain(CFErrorRef reference)
{
    error_object *error = checked(reference, TYMPAN_ERROR, CALL);
    return error ? error->domain : NULL;
}

CFStringRef CFErrorCopyDescription(CFErrorRef reference)
{
    char text[160];
    error_object *error = checked(reference, TYMPAN_ERROR, CALL);
    if (!error)
        return NULL;
    object_describe(&error->base, text, sizeof text);
    return string_of_text(text, CALL);
}

static int error_equal(tympan_object *a, tympan_object *b, tympan_call call)
{
    error_object *x = (error_object *)a, *y = (error_object *)b;
    return x->code == y->code && objects_equal(x->domain, y->domain, call);
}

static void error_describe(tympan_object *object, char *text, size_t size)
{
    snprintf(text, size, "CFError %ld", ((error_object *)object)->code);
}
