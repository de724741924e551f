/* The names of kinds of objects and of problems, on every system; included once, by _platform.pyx. */

static const char *const KIND_NAMES[TYMPAN_KINDS] = {
    "", "string", "uuid", "url", "queue", "number", "boolean", "data", "array", "dictionary", "date", "null", "error",
    "bundle", "allocator", "source", "semaphore",
};

const char *tympan_kind_name(int kind)
{
    return kind > 0 && kind < TYMPAN_KINDS ? KIND_NAMES[kind] : "";
}

static const char *const PROBLEM_NAMES[TYMPAN_PROBLEM_KINDS] = {
    "null", "over-release", "use-after-free", "foreign", "wrong-type", "immutable", "range", "race", "misuse",
};

const char *tympan_problem_name(int kind)
{
    return kind >= 0 && kind < TYMPAN_PROBLEM_KINDS ? PROBLEM_NAMES[kind] : "";
}
