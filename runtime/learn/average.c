#include "runtime/learn/average.h"

#include <string.h>

#include "runtime/learn/power.h"

struct ArmcAverage {
    const ArmcBlocks *blocks;
    double decay;
    ArmcReal **means; /* of each parameter */
    double share;     /* of the newest weights, in the update under way */
};

ArmcAverage *armc_average_new(ArmcArena *arena, const ArmcBlocks *blocks, double decay)
{
    ArmcAverage *average = ARMC_NEW(arena, ArmcAverage);
    *average = (ArmcAverage){.blocks = blocks, .decay = decay};
    average->means = armc_blocks_arrays(arena, blocks);
    return average;
}

/* mean += share (w - mean) */
static void take_task(void *context, int64_t task, int worker)
{
    const ArmcAverage *average = context;
    const ArmcBlock *block = &average->blocks->items[task];
    const ArmcKernels *k = average->blocks->kernels;
    ArmcReal *mean = average->means[block->param] + block->first;
    ArmcReal *change = armc_blocks_scratch(average->blocks, worker);
    k->sub(block->count, average->blocks->graph->params[block->param]->data + block->first, mean,
           change);
    k->axpy(block->count, (ArmcReal)average->share, change, mean);
}

void armc_average_take(ArmcAverage *average, uint64_t step)
{
    average->share = (1 - average->decay) / (1 - armc_power_whole(average->decay, step));
    armc_pool_run(average->blocks->pool, average->blocks->count, take_task, average);
}

ArmcReal *armc_average_get(ArmcAverage *average, size_t param)
{
    return average->means[param];
}

static void swap_task(void *context, int64_t task, int worker)
{
    const ArmcAverage *average = context;
    const ArmcBlock *block = &average->blocks->items[task];
    ArmcReal *w = average->blocks->graph->params[block->param]->data + block->first;
    ArmcReal *mean = average->means[block->param] + block->first;
    ArmcReal *other = armc_blocks_scratch(average->blocks, worker);
    size_t bytes = (size_t)block->count * sizeof *w;
    memcpy(other, w, bytes);
    memcpy(w, mean, bytes);
    memcpy(mean, other, bytes);
}

void armc_average_swap(ArmcAverage *average)
{
    armc_pool_run(average->blocks->pool, average->blocks->count, swap_task, average);
}
