/* What objects look like as text: CFCopyDescription, CFShow and %@; included once, by _platform.pyx. */

/* UTF-8 that grows. */
typedef struct text_builder {
    char *text; /* malloc'd, always with a final 0 once something was added */
    size_t size, room;
} text_builder;

static void text_add(text_builder *builder, const char *text, size_t size)
{
    if (builder->size + size + 1 > builder->room) {
        builder->room = (builder->size + size + 64) * 2;
        builder->text = realloc(builder->text, builder->room);
        if (!builder->text)
            abort();
    }
    memcpy(builder->text + builder->size, text, size);
    builder->text[builder->size += size] = 0;
}

__attribute__((format(printf, 2, 3))) static void text_print(text_builder *builder, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_add(builder, text, size < (int)sizeof text ? (size_t)size : sizeof text - 1);
}

#define DEEPEST 512 /* containers inside each other; deeper ones hold themselves */

/* How deep this thread is in containers; 0 and a problem when it is too deep. Leave with depth_leave. */
static _Thread_local int depth;

static int depth_enter(tympan_call call)
{
    if (depth < DEEPEST)
        return ++depth;
    problem(TYMPAN_MISUSE, call, "%s of containers that hold each other", call.name);
    return 0;
}

static void depth_leave(void)
{
    depth--;
}

/* In platform_number.h, platform_data.h, platform_array.h and platform_dictionary.h. */
static void number_write(tympan_object *object, text_builder *builder);
static void data_write(tympan_object *object, text_builder *builder, tympan_call call);
static void array_write(tympan_object *object, text_builder *builder, tympan_call call);
static void dictionary_write(tympan_object *object, text_builder *builder, tympan_call call);

static void string_write(tympan_object *object, text_builder *builder, int quoted, tympan_call call)
{
    CFIndex length, size;
    UniChar *units = string_copy_units((string_object *)object, &length, call);
    char *text = text_utf8(units, length, &size);
    text_add(builder, "\"", (size_t)quoted);
    text_add(builder, text, (size_t)size);
    text_add(builder, "\"", (size_t)quoted);
    free(units);
    free(text);
}

/* `quoted`: strings in quotes, as they are inside containers. */
static void object_write(const void *reference, text_builder *builder, int quoted, tympan_call call)
{
    char text[160];
    tympan_object *object = reference ? object_check(reference, call) : NULL;
    if (!object)
        text_print(builder, reference ? "(no object)" : "(null)");
    else if (object->kind == TYMPAN_STRING)
        string_write(object, builder, quoted, call);
    else if (object->kind == TYMPAN_NUMBER)
        number_write(object, builder);
    else if (object->kind == TYMPAN_BOOLEAN)
        text_print(builder, reference == kCFBooleanTrue ? "true" : "false");
    else if (object->kind == TYMPAN_NULL)
        text_print(builder, "<null>");
    else if (object->kind == TYMPAN_DATA)
        data_write(object, builder, call);
    else if (object->kind == TYMPAN_ARRAY)
        array_write(object, builder, call);
    else if (object->kind == TYMPAN_DICTIONARY)
        dictionary_write(object, builder, call);
    else {
        object_describe(object, text, sizeof text);
        text_add(builder, text, strlen(text));
    }
}

CFStringRef CFCopyDescription(CFTypeRef cf)
{
    text_builder builder = {0};
    object_write(cf, &builder, 1, CALL);
    CFStringRef string = string_of_text(builder.text, CALL);
    free(builder.text);
    return string;
}

void CFShow(CFTypeRef cf)
{
    text_builder builder = {0};
    object_write(cf, &builder, 1, CALL);
    fprintf(stderr, "%s\n", builder.text);
    free(builder.text);
}
