/* An allocator of its own, under the usual names: its business, so it is left alone. */
static char pool[4096];
static unsigned long used;
__attribute__((visibility("default"))) void *malloc(unsigned long n) { used += n; return pool + used - n; }
__attribute__((visibility("default"))) void free(void *p) { (void)p; }
long own_malloc(void) { char *volatile p = malloc(10); free(p); return p >= pool && p < pool + sizeof pool; }
