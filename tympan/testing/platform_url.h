/*
 * CFURL; included once, by _platform.pyx.
 *
 * A URL here is its text. One with a base keeps both; CFURLCopyAbsoluteURL joins them.
 */

typedef struct url_object {
    tympan_object base;
    char *text;                    /* UTF-8 */
    CFURLRef parent;               /* the base URL, or NULL */
    char *path;                    /* of a file: decoded, without a final slash; NULL for other schemes */
    _Atomic(const void *) string;  /* what CFURLGetString answers, made when it is first asked for */
    int folder;
} url_object;

static void url_end(tympan_object *object)
{
    url_object *url = (url_object *)object;
    tympan_call call = {"release by a CFURL", NULL};
    if (url->string)
        object_drop(url->string, call);
    if (url->parent)
        object_drop(url->parent, call);
}

static void url_free(tympan_object *object)
{
    free(((url_object *)object)->path);
    free(((url_object *)object)->text);
}

static size_t url_weigh(tympan_object *object)
{
    return memory_of(((url_object *)object)->path) + memory_of(((url_object *)object)->text);
}

static int hex_digit(int letter)
{
    return letter >= '0' && letter <= '9' ? letter - '0' : (letter | 32) >= 'a' && (letter | 32) <= 'f'
         ? (letter | 32) - 'a' + 10 : -1;
}

/* Without %xx; malloc'd. */
static char *url_decode(const char *text, size_t size)
{
    char *out = malloc(size + 1), *at = out;
    if (!out)
        abort();
    for (size_t i = 0; i < size; i++) {
        int escaped = text[i] == '%' && i + 2 < size && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
        *at++ = escaped ? (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
        i += escaped ? 2 : 0;
    }
    *at = 0;
    return out;
}

/* Appends a path as it stands in a URL. */
static void url_encode(text_builder *builder, const char *path, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)path[i];
        if (byte > 0x20 && byte < 0x7F && !strchr("\"#%;<>?[\\]^`{|}", byte))
            text_add(builder, path + i, 1);
        else
            text_print(builder, "%%%02X", byte);
    }
}

static int url_has_scheme(const char *text)
{
    return text[strcspn(text, ":/?#")] == ':';
}

/* The path in a URL, behind scheme and host. */
static const char *url_path_part(const char *text, size_t *size)
{
    const char *begin = url_has_scheme(text) ? strchr(text, ':') + 1 : text;
    if (strncmp(begin, "//", 2) == 0)
        begin += 2 + strcspn(begin + 2, "/?#");
    *size = strcspn(begin, "?#");
    return begin;
}

/* The decoded path without a final slash, malloc'd; NULL unless the URL is of a file, or has no scheme. */
static char *url_file_path(const char *text)
{
    size_t size;
    const char *begin = url_path_part(text, &size);
    if (!size || (url_has_scheme(text) && strncasecmp(text, "file:", 5) != 0))
        return NULL;
    return url_decode(begin, size > 1 && begin[size - 1] == '/' ? size - 1 : size);
}

/* `text` is UTF-8; NULL for what no URL may hold: white space, control characters and more. */
static CFURLRef url_make(const char *text, CFURLRef parent, tympan_call call)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7F || strchr("\"<>\\^`{|}", *at))
            return NULL;
    if (!*text)
        return NULL;
    url_object *url = object_create(TYMPAN_URL, 0, sizeof *url, call);
    url->text = strdup(text);
    url->parent = parent ? object_hold(parent, call) : NULL;
    url->folder = text[strlen(text) - 1] == '/';
    url->path = url_file_path(text);
    return object_publish(url);
}

/* Of the bytes of a path. A relative one is joined to the current folder, as CoreFoundation does. */
static CFURLRef url_of_path(const char *path, size_t size, int folder, tympan_call call)
{
    text_builder builder = {0};
    char here[4096];
    if (!size)
        return NULL;
    text_print(&builder, "file://");
    if (path[0] != '/' && getcwd(here, sizeof here)) {
        url_encode(&builder, here, strlen(here));
        text_add(&builder, "/", 1);
    }
    url_encode(&builder, path, size);
    if (folder && path[size - 1] != '/')
        text_add(&builder, "/", 1);
    CFURLRef url = url_make(builder.text, NULL, call);
    free(builder.text);
    return url;
}

/* --- making ------------------------------------------------------------------------------------- */

CFTypeID CFURLGetTypeID(void)
{
    return type_of(TYMPAN_URL);
}

CFURLRef CFURLCreateFromFileSystemRepresentation(CFAllocatorRef allocator, const UInt8 *path, CFIndex size,
                                                 Boolean folder)
{
    allocator_check(allocator, CALL);
    return path && size > 0 ? url_of_path((const char *)path, (size_t)size, folder, CALL) : NULL;
}

/* Only kCFURLPOSIXPathStyle. */
CFURLRef CFURLCreateWithFileSystemPath(CFAllocatorRef allocator, CFStringRef path, CFURLPathStyle style, Boolean folder)
{
    allocator_check(allocator, CALL);
    string_object *string = checked(path, TYMPAN_STRING, CALL);
    if (!string || style != kCFURLPOSIXPathStyle)
        return NULL;
    text_builder builder = {0};
    string_write(&string->base, &builder, 0, CALL);
    CFURLRef url = url_of_path(builder.text, builder.size, folder, CALL);
    free(builder.text);
    return url;
}

CFURLRef CFURLCreateWithBytes(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex size, CFStringEncoding encoding,
                              CFURLRef parent)
{
    allocator_check(allocator, CALL);
    UniChar *units = NULL;
    CFIndex used, length = bytes && size_is(size, "size", CALL) ? text_decode(encoding, bytes, size, 0, &units) : -1;
    if (length < 0 || (parent && !checked(parent, TYMPAN_URL, CALL))) {
        free(units);
        return NULL;
    }
    char *text = text_utf8(units, length, &used);
    CFURLRef url = url_make(text, parent, CALL);
    free(units);
    free(text);
    return url;
}

CFURLRef CFURLCreateWithString(CFAllocatorRef allocator, CFStringRef text, CFURLRef parent)
{
    allocator_check(allocator, CALL);
    string_object *string = checked(text, TYMPAN_STRING, CALL);
    if (!string || (parent && !checked(parent, TYMPAN_URL, CALL)))
        return NULL;
    text_builder builder = {0};
    string_write(&string->base, &builder, 0, CALL);
    CFURLRef url = url_make(builder.text, parent, CALL);
    free(builder.text);
    return url;
}

/* The text of a URL without a base: its own, or joined to its base's; malloc'd. */
static char *url_absolute_text(url_object *url, tympan_call call)
{
    url_object *parent = url->parent ? checked(url->parent, TYMPAN_URL, call) : NULL;
    if (!parent || url_has_scheme(url->text) || !depth_enter(call))
        return strdup(url->text);
    char *front = url_absolute_text(parent, call);
    depth_leave();
    size_t size, kept = 0;
    const char *path = url_path_part(front, &size);
    if (*url->text != '/') /* the base's path as far as its last slash */
        for (kept = size; kept && path[kept - 1] != '/';)
            kept--;
    text_builder builder = {0};
    text_add(&builder, front, (size_t)(path - front) + kept);
    text_add(&builder, url->text, strlen(url->text));
    free(front);
    return builder.text;
}

CFURLRef CFURLCopyAbsoluteURL(CFURLRef reference)
{
    url_object *url = checked(reference, TYMPAN_URL, CALL);
    if (!url)
        return NULL;
    char *text = url_absolute_text(url, CALL);
    CFURLRef absolute = url_make(text, NULL, CALL);
    free(text);
    return absolute;
}

/* --- paths ----------------------------------------------------------------------------------------- */

/* The path of a file, absolute when the URL can be; malloc'd, or NULL. */
static char *url_path(url_object *url, tympan_call call)
{
    char *text = url_absolute_text(url, call), *path = url_file_path(text);
    free(text);
    return path;
}

CFURLRef CFURLCreateCopyAppendingPathComponent(CFAllocatorRef allocator, CFURLRef reference, CFStringRef component,
                                               Boolean folder)
{
    allocator_check(allocator, CALL);
    url_object *url = checked(reference, TYMPAN_URL, CALL);
    tympan_object *string = checked(component, TYMPAN_STRING, CALL);
    char *path = url && string ? url_path(url, CALL) : NULL;
    if (!path)
        return NULL;
    text_builder builder = {0};
    text_add(&builder, path, strlen(path));
    text_add(&builder, "/", path[strlen(path) - 1] != '/');
    string_write(string, &builder, 0, CALL);
    CFURLRef longer = url_of_path(builder.text, builder.size, folder, CALL);
    free(builder.text);
    free(path);
    return longer;
}

CFURLRef CFURLCreateCopyDeletingLastPathComponent(CFAllocatorRef allocator, CFURLRef reference)
{
    allocator_check(allocator, CALL);
    url_object *url = checked(reference, TYMPAN_URL, CALL);
    char *path = url ? url_path(url, CALL) : NULL, *slash = path ? strrchr(path, '/') : NULL;
    CFURLRef shorter = slash ? url_of_path(path, slash == path ? 1 : (size_t)(slash - path), 1, CALL) : NULL;
    free(path);
    return shorter;
}

CFStringRef CFURLGetString(CFURLRef reference)
{
    url_object *url = checked(reference, TYMPAN_URL, CALL);
    if (!url)
        return NULL;
    if (!url->string) {
        const void *none = NULL, *string = string_of_text(url->text, CALL);
        object_own(string);
        if (!atomic_compare_exchange_strong(&url->string, &none, string))
            object_drop(string, CALL); /* another thread was first */
    }
    return url->string;
}

/* Only kCFURLPOSIXPathStyle. */
CFStringRef CFURLCopyFileSystemPath(CFURLRef reference, CFURLPathStyle style)
{
    url_object *url = checked(reference, TYMPAN_URL, CALL);
    char *path = url && style == kCFURLPOSIXPathStyle ? url_path(url, CALL) : NULL;
    CFStringRef string = path ? string_of_text(path, CALL) : NULL;
    free(path);
    return string;
}

CFStringRef CFURLCopyLastPathComponent(CFURLRef reference)
{
    url_object *url = checked(reference, TYMPAN_URL, CALL);
    char *path = url ? url_path(url, CALL) : NULL, *slash = path ? strrchr(path, '/') : NULL;
    CFStringRef string = path ? string_of_text(slash && slash[1] ? slash + 1 : path, CALL) : NULL;
    free(path);
    return string;
}

/* All of it and a final 0, or nothing. */
Boolean CFURLGetFileSystemRepresentation(CFURLRef reference, Boolean resolve, UInt8 *buffer, CFIndex size)
{
    (void)resolve;
    url_object *url = checked(reference, TYMPAN_URL, CALL);
    char *path = url ? url_path(url, CALL) : NULL;
    int fits = path && buffer && (CFIndex)strlen(path) < size;
    if (fits)
        memcpy(buffer, path, strlen(path) + 1);
    free(path);
    return (Boolean)fits;
}

Boolean CFURLHasDirectoryPath(CFURLRef reference)
{
    url_object *url = checked(reference, TYMPAN_URL, CALL);
    return url && url->folder;
}

/* --- as an object -------------------------------------------------------------------------------------- */

static int url_equal(tympan_object *a, tympan_object *b, tympan_call call)
{
    url_object *x = (url_object *)a, *y = (url_object *)b;
    if (!x->parent != !y->parent || (x->parent && !objects_equal(x->parent, y->parent, call)))
        return 0;
    return strcmp(x->text, y->text) == 0;
}

static CFHashCode url_hash(tympan_object *object, tympan_call call)
{
    (void)call;
    CFHashCode hash = 5381;
    for (const char *at = ((url_object *)object)->text; *at; at++)
        hash = hash * 33 + (unsigned char)*at;
    return hash;
}

static void url_describe(tympan_object *object, char *text, size_t size)
{
    url_object *url = (url_object *)object;
    snprintf(text, size, "CFURL \"%.80s\"", url->path ? url->path : url->text);
}
