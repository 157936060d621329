/* The pool: every task runs once, whatever the number of threads, phase after phase. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "runtime/base/tasks.h"

enum { TASKS = 1000 };

typedef struct Seen {
    int threads;
    int times[TASKS]; /* plain, so that a thread checker sees two tasks that overlap with the next
                         phase */
    _Atomic int wrong_worker;
} Seen;

static void count_task(void *context, int64_t task, int worker)
{
    Seen *seen = context;
    seen->times[task]++;
    if (worker < 0 || worker >= seen->threads)
        seen->wrong_worker = 1;
}

static void every_task_runs_once(void **state)
{
    (void)state;
    const int threads[] = {1, 2, 5, 16};
    const int64_t counts[] = {0, 1, 2, 3, 15, 16, 17, TASKS};
    for (int t = 0; t < 4; t++) {
        ArmcFault fault;
        ArmcPool *pool = armc_pool_new(&fault, threads[t]);
        assert_int_equal(armc_pool_threads(pool), threads[t]);
        Seen seen = {.threads = threads[t]};
        for (int repeat = 0; repeat < 200; repeat++)
            for (int c = 0; c < 8; c++) {
                memset(seen.times, 0, sizeof seen.times);
                armc_pool_run(pool, counts[c], count_task, &seen);
                for (int64_t i = 0; i < TASKS; i++)
                    assert_int_equal(seen.times[i], i < counts[c]);
            }
        assert_false(seen.wrong_worker);
        int64_t run = 0;
        for (int w = 0; w < threads[t]; w++)
            run += armc_pool_tasks_run(pool, w);
        assert_int_equal(run, 200 * (1 + 2 + 3 + 15 + 16 + 17 + TASKS));
        armc_pool_free(pool);
    }
}

static void nap(void *context, int64_t task, int worker)
{
    (void)context;
    (void)task;
    (void)worker;
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* Tasks that last give every worker a share, and workers that have slept wake up again. */
static void every_worker_works(void **state)
{
    (void)state;
    ArmcFault fault;
    ArmcPool *pool = armc_pool_new(&fault, 5);
    for (int phase = 0; phase < 3; phase++) {
        armc_pool_run(pool, 20, nap, NULL);
        nap(NULL, 0, 0);
    }
    for (int w = 0; w < 5; w++)
        assert_true(armc_pool_tasks_run(pool, w) > 0);
    armc_pool_free(pool);
}

static void zero_threads_means_all(void **state)
{
    (void)state;
    ArmcFault fault;
    ArmcPool *pool = armc_pool_new(&fault, 0);
    assert_true(armc_pool_threads(pool) >= 1);
    armc_pool_free(pool);
    armc_pool_free(NULL);
}

/* The fault belongs to the caller: a local that changes between setjmp and longjmp would have no
 * certain value. */
static ArmcStatus status_of_new(ArmcFault *fault, int threads)
{
    jmp_buf here;
    fault->where = &here;
    if (setjmp(here) == 0) {
        armc_pool_free(armc_pool_new(fault, threads));
        return ARMC_OK;
    }
    return fault->status;
}

static void a_wrong_number_of_threads_is_a_fault(void **state)
{
    (void)state;
    ArmcFault fault = {0};
    assert_int_equal(status_of_new(&fault, -1), ARMC_USAGE);
    assert_int_equal(status_of_new(&fault, 3), ARMC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(every_worker_works),
        cmocka_unit_test(zero_threads_means_all),
        cmocka_unit_test(a_wrong_number_of_threads_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
