/* The names of problems, which are there on every system; included once, by _platform.pyx. */

static const char *const PROBLEM_NAMES[TYMPAN_PROBLEM_KINDS] = {
    "null", "over-release", "use-after-free", "foreign", "wrong-type", "immutable", "range", "race", "misuse",
};

const char *tympan_problem_name(int kind)
{
    return kind >= 0 && kind < TYMPAN_PROBLEM_KINDS ? PROBLEM_NAMES[kind] : "";
}
