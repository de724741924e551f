/* Blocks as drivers use them: on a global queue, delayed, with captured and shared variables. Compiled by Clang. */

#include "coreaudio.h"

static int sum;
static __thread int depth;

static int add(int number)
{
    return __atomic_add_fetch(&sum, number, __ATOMIC_SEQ_CST);
}

int blocks_sum(void) { return sum; }

/* Each adds its power of two. */
void blocks_run(dispatch_queue_t queue)
{
    static dispatch_once_t predicate;
    int captured = 4;
    __block int shared = 0;
    dispatch_block_t inner = ^{ shared += 8; };
    dispatch_async(dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_DEFAULT, 0), ^{ add(1); });
    dispatch_after(dispatch_time(0, 2ull * NSEC_PER_SEC), dispatch_get_global_queue(0, 0), ^{ add(2); });
    dispatch_async(queue, ^{ add(captured); });
    dispatch_sync(queue, inner);
    dispatch_sync(queue, ^{ inner(); });
    add(shared);
    dispatch_once(&predicate, ^{ add(32); });
    dispatch_once(&predicate, ^{ add(64); });
}

/* A block on the heap that holds another and a shared variable, as a member of an object would. */
int blocks_copied(void)
{
    __block int count = 0;
    int (^inner)(void) = ^{ return ++count; };
    int (^outer)(void) = (int (^)(void))_Block_copy((const void *)^{ return inner() + depth; });
    int (^again)(void) = (int (^)(void))_Block_copy((const void *)outer);
    outer();
    again();
    _Block_release((const void *)again);
    outer();
    _Block_release((const void *)outer);
    return count;
}

static int (^kept)(void);

/* What a block captured lives on with its copy, when the function that made it has ended. */
void blocks_keep(void)
{
    __block int count = 40;
    int (^inner)(void) = ^{ return ++count; };
    kept = (int (^)(void))_Block_copy((const void *)^{ return inner(); });
}

/* Uses the stack again that blocks_keep had. */
int blocks_forget(void)
{
    volatile char over[4096];
    for (unsigned i = 0; i < sizeof over; i++)
        over[i] = 0x55;
    return over[7];
}

int blocks_call_kept(void) { return kept(); }

void blocks_drop_kept(void) { _Block_release((const void *)kept); }

static dispatch_source_t timer;

void blocks_start_timer(dispatch_queue_t queue)
{
    timer = dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, queue);
    dispatch_source_set_timer(timer, dispatch_walltime(NULL, 0), 500ull * NSEC_PER_MSEC, 20ull * NSEC_PER_MSEC);
    dispatch_source_set_event_handler(timer, ^{ add(1000); });
    dispatch_source_set_cancel_handler(timer, ^{ add(1000000); });
    dispatch_resume(timer);
}

void blocks_stop_timer(void)
{
    dispatch_source_cancel(timer);
    dispatch_release(timer);
}

/* Constants that the compiler made: one with 8 bits, one with 16. */
CFStringRef blocks_constant(int wide) { return wide ? CFSTR("wide ü") : CFSTR("narrow"); }
