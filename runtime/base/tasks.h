/* A pool of threads that runs phases of tasks with a barrier between phases.
 *
 * What task t computes depends on t only, never on who runs it: so results are the same bits for
 * any number of threads. */
#ifndef ARMC_BASE_TASKS_H
#define ARMC_BASE_TASKS_H

#include <stdint.h>

#include "runtime/base/fault.h"

typedef struct ArmcPool ArmcPool;

/* `worker` is in 0..threads-1: use it to pick scratch memory, nothing else. */
typedef void (*ArmcTask)(void *context, int64_t task, int worker);

ArmcPool *armc_pool_new(ArmcFault *fault,
                        int threads); /* threads 0: as many as the process may run on */
void armc_pool_free(ArmcPool *pool);
int armc_pool_threads(const ArmcPool *pool);
/* Runs tasks 0..count-1 and returns when all are done. The caller works too, as worker 0. */
void armc_pool_run(ArmcPool *pool, int64_t count, ArmcTask task, void *context);
/* How many tasks a worker has run so far: for tests. */
int64_t armc_pool_tasks_run(const ArmcPool *pool, int worker);

#endif
