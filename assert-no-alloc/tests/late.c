void *malloc(unsigned long); void free(void *);
long late_malloc(void) { void *volatile p = malloc(10); free(p); return 5; }
/* Through a table of function pointers, as many libraries keep their allocator. */
static void *(*volatile table[])(unsigned long) = {malloc};
long table_malloc(void) { free(table[0](10)); return 6; }
