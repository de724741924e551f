/* What the fuzzing process shares with the one that watches it; included by fuzz.h.
 * _fuzz.pyx reads it from a file's mapping by the same structures. */

#define FUZZ_THREADS 16
#define FUZZ_LOG ((size_t)1 << 20)    /* bytes of calls per thread and episode */
#define FUZZ_CORPUS ((size_t)32 << 20)
#define FUZZ_TEXT 400
#define FUZZ_GROWTHS 256

enum fuzz_failure {
    FAIL_NONE, FAIL_WROTE_BEYOND, FAIL_WROTE_INPUT, FAIL_TOO_LONG, FAIL_STATUS, FAIL_REFERENCE, FAIL_LEDGER, FAIL_STAMP,
    FAIL_HOST_CALL, FAIL_LEAK, FAIL_COUNT,
};

enum fuzz_state { STATE_STARTING, STATE_RUNNING, STATE_DONE, STATE_FAILED };

typedef struct fuzz_shared_thread {
    atomic_ullong begun, ended; /* calls; they differ while one is at work */
    atomic_uint used;           /* bytes of the log */
    unsigned last;              /* where the call at work begins in it */
} fuzz_shared_thread;

typedef struct fuzz_shared {
    atomic_uint state, stop; /* stop: set by who watches */
    unsigned failure, failing_thread, crashed_thread; /* thread + 1 */
    char text[FUZZ_TEXT];
    atomic_ullong episode, calls, succeeded;
    unsigned long long edges, edges_met, inputs, corpus_used, corpus_inputs;
    atomic_ullong per_slot[64];
    unsigned growths; /* episodes after which more objects lived than ever before; a ring of the last ones */
    struct { unsigned long long episode, live; } growth[FUZZ_GROWTHS];
    fuzz_shared_thread thread[FUZZ_THREADS];
} fuzz_shared;

/* The file: this structure, the logs, the corpus (a UInt32 of bytes and that many, each). */
#define FUZZ_HEAD ((sizeof(fuzz_shared) + 4095) / 4096 * 4096)
#define FUZZ_FILE (FUZZ_HEAD + FUZZ_THREADS * FUZZ_LOG + FUZZ_CORPUS)
