#include "runtime/learn/gradient.h"

#include <math.h>

enum { FIRST_NORMS = 10, WINDOW = 100 };

struct ArmcGradient {
    const ArmcBlocks *blocks;
    const ArmcReal *const *each;
    ArmcReal **sums;   /* NULL: it does not add */
    ArmcReal *squares; /* of each block */
    /* of the minibatch under way */
    double weight;
    bool is_first;
};

ArmcGradient *armc_gradient_new(ArmcArena *arena, const ArmcBlocks *blocks,
                                const ArmcReal *const *each, bool adds)
{
    ArmcGradient *gradient = ARMC_NEW(arena, ArmcGradient);
    *gradient = (ArmcGradient){.blocks = blocks, .each = each};
    gradient->squares = ARMC_NEW_ARRAY(arena, ArmcReal, blocks->count);
    if (adds)
        gradient->sums = armc_blocks_arrays(arena, blocks);
    return gradient;
}

void armc_gradient_follow(ArmcGradient *gradient, const ArmcReal *const *each)
{
    gradient->each = each;
}

static void take_task(void *context, int64_t task, int worker)
{
    (void)worker;
    const ArmcGradient *gradient = context;
    const ArmcBlock *block = &gradient->blocks->items[task];
    const ArmcKernels *k = gradient->blocks->kernels;
    const ArmcReal *g = gradient->each[block->param] + block->first;
    ArmcReal *sum = gradient->sums[block->param] + block->first;
    if (gradient->is_first)
        k->scale(block->count, (ArmcReal)gradient->weight, g, sum);
    else
        k->axpy(block->count, (ArmcReal)gradient->weight, g, sum);
}

void armc_gradient_take(ArmcGradient *gradient, double weight, bool is_first)
{
    if (gradient->sums == NULL)
        return;
    gradient->weight = weight;
    gradient->is_first = is_first;
    armc_pool_run(gradient->blocks->pool, gradient->blocks->count, take_task, gradient);
}

const ArmcReal *const *armc_gradient_get(const ArmcGradient *gradient)
{
    return gradient->sums != NULL ? (const ArmcReal *const *)gradient->sums : gradient->each;
}

static void square_task(void *context, int64_t task, int worker)
{
    (void)worker;
    ArmcGradient *gradient = context;
    const ArmcBlock *block = &gradient->blocks->items[task];
    const ArmcReal *g = armc_gradient_get(gradient)[block->param] + block->first;
    gradient->squares[task] = gradient->blocks->kernels->dot(block->count, g, g);
}

/* The slow way in double, for gradients whose squares leave the range of ArmcReal. */
static double careful_norm(const ArmcGradient *gradient)
{
    const ArmcGraph *graph = gradient->blocks->graph;
    const ArmcReal *const *g = armc_gradient_get(gradient);
    double sum = 0;
    for (size_t i = 0; i < graph->param_count; i++)
        for (int64_t e = 0; e < graph->params[i]->size; e++)
            sum += (double)g[i][e] * (double)g[i][e];
    return sqrt(sum);
}

double armc_gradient_norm(ArmcGradient *gradient)
{
    armc_pool_run(gradient->blocks->pool, gradient->blocks->count, square_task, gradient);
    double sum = 0;
    for (int64_t i = 0; i < gradient->blocks->count; i++)
        sum += (double)gradient->squares[i];
    return isfinite(sum) ? sqrt(sum) : careful_norm(gradient);
}

double armc_gradient_clip(double norm, double clip)
{
    return clip > 0 && norm > clip ? clip / norm : 1;
}

bool armc_norm_is_huge(ArmcNormMean *norms, double norm, double factor)
{
    double most = factor * norms->mean;
    bool is_huge = factor > 0 && norms->count >= FIRST_NORMS && norm > most;
    norms->count++;
    double window = norms->count < WINDOW ? (double)norms->count : WINDOW;
    norms->mean += ((is_huge ? most : norm) - norms->mean) / window;
    return is_huge;
}
