/* Calls the factory of a carried probe: asker BINARY WHAT. */

#include <dlfcn.h>
#include <stdio.h>

typedef char *factory(const void *allocator, const void *type);

int main(int argc, char **argv)
{
    void *image = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    factory *ask = image ? (factory *)dlsym(image, "TympanFactory") : NULL;
    if (!ask)
        return fprintf(stderr, "asker: %s\n", dlerror()), 2;
    fputs(ask(NULL, argv[2]), stdout);
    return 0;
}
