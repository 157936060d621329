#include "runtime/learn/optim.h"

#include <math.h>
#include <string.h>

/* A piece of one parameter: a task. */
typedef struct Block {
    size_t param;
    int64_t first, count;
} Block;

struct ArmcOptim {
    const ArmcGraph *graph;
    const ArmcOptimizer *optimizer;
    ArmcHyper hyper;
    const ArmcKernels *kernels;
    ArmcPool *pool;
    ArmcReal **slots; /* [param * ARMC_OPTIM_SLOTS + slot] */
    Block *blocks;
    int64_t block_count;
    ArmcReal *squares; /* of each block's gradient */
    ArmcReal *scratch; /* a block for each worker */
    /* of the step under way */
    const ArmcReal *const *gradient;
    double rate;
    uint64_t step;
};

const ArmcOptimizer *armc_optimizer_find(const char *name)
{
    for (const ArmcOptimizer *const *row = armc_optimizers; *row != NULL; row++)
        if (strcmp((*row)->name, name) == 0)
            return *row;
    return NULL;
}

int armc_optimizer_slots(const ArmcOptimizer *optimizer)
{
    int count = 0;
    while (count < ARMC_OPTIM_SLOTS && optimizer->slots[count] != NULL)
        count++;
    return count;
}

static int64_t blocks_of(const ArmcParam *param)
{
    return (param->size + ARMC_OPTIM_BLOCK - 1) / ARMC_OPTIM_BLOCK;
}

static void make_blocks(ArmcArena *arena, ArmcOptim *optim)
{
    for (size_t i = 0; i < optim->graph->param_count; i++)
        optim->block_count += blocks_of(optim->graph->params[i]);
    optim->blocks = ARMC_NEW_ARRAY(arena, Block, optim->block_count);
    Block *next = optim->blocks;
    for (size_t i = 0; i < optim->graph->param_count; i++) {
        int64_t size = optim->graph->params[i]->size;
        for (int64_t first = 0; first < size; first += ARMC_OPTIM_BLOCK) {
            int64_t left = size - first;
            *next++ = (Block){i, first, left < ARMC_OPTIM_BLOCK ? left : ARMC_OPTIM_BLOCK};
        }
    }
}

static void make_slots(ArmcArena *arena, ArmcOptim *optim)
{
    size_t params = optim->graph->param_count;
    optim->slots = ARMC_NEW_ARRAY(arena, ArmcReal *, params * ARMC_OPTIM_SLOTS);
    for (size_t i = 0; i < params; i++)
        for (int s = 0; s < armc_optimizer_slots(optim->optimizer); s++)
            optim->slots[i * ARMC_OPTIM_SLOTS + (size_t)s] =
                ARMC_NEW_ARRAY(arena, ArmcReal, optim->graph->params[i]->size);
}

ArmcOptim *armc_optim_new(ArmcArena *arena, const ArmcGraph *graph, const ArmcOptimizer *optimizer,
                          const ArmcHyper *hyper, const ArmcKernels *kernels, ArmcPool *pool)
{
    ArmcOptim *optim = ARMC_NEW(arena, ArmcOptim);
    optim->graph = graph;
    optim->optimizer = optimizer;
    optim->hyper = *hyper;
    optim->kernels = kernels;
    optim->pool = pool;
    make_blocks(arena, optim);
    make_slots(arena, optim);
    optim->squares = ARMC_NEW_ARRAY(arena, ArmcReal, optim->block_count);
    optim->scratch = ARMC_NEW_ARRAY(arena, ArmcReal, ARMC_OPTIM_BLOCK * armc_pool_threads(pool));
    return optim;
}

const ArmcOptimizer *armc_optim_row(const ArmcOptim *optim)
{
    return optim->optimizer;
}

ArmcReal *armc_optim_slot(ArmcOptim *optim, size_t param, int slot)
{
    return optim->slots[param * ARMC_OPTIM_SLOTS + (size_t)slot];
}

static void square_task(void *context, int64_t task, int worker)
{
    (void)worker;
    ArmcOptim *optim = context;
    const Block *block = &optim->blocks[task];
    const ArmcReal *g = optim->gradient[block->param] + block->first;
    optim->squares[task] = optim->kernels->dot(block->count, g, g);
}

/* The slow way in double, for gradients whose squares leave the range of ArmcReal. */
static double careful_norm(const ArmcOptim *optim, const ArmcReal *const *gradient)
{
    double sum = 0;
    for (size_t i = 0; i < optim->graph->param_count; i++)
        for (int64_t e = 0; e < optim->graph->params[i]->size; e++)
            sum += (double)gradient[i][e] * (double)gradient[i][e];
    return sqrt(sum);
}

double armc_optim_norm(ArmcOptim *optim, const ArmcReal *const *gradient)
{
    optim->gradient = gradient;
    armc_pool_run(optim->pool, optim->block_count, square_task, optim);
    double sum = 0;
    for (int64_t i = 0; i < optim->block_count; i++)
        sum += (double)optim->squares[i];
    return isfinite(sum) ? sqrt(sum) : careful_norm(optim, gradient);
}

/* g + decay w in the worker's scratch: the gradient of the loss with the penalty decay/2 |w|². */
static const ArmcReal *decayed(const ArmcOptim *optim, const Block *block, const ArmcReal *g,
                               const ArmcReal *w, int worker)
{
    ArmcReal *sum = optim->scratch + (int64_t)worker * ARMC_OPTIM_BLOCK;
    memcpy(sum, g, (size_t)block->count * sizeof *g);
    optim->kernels->axpy(block->count, (ArmcReal)optim->hyper.decay, w, sum);
    return sum;
}

static void step_task(void *context, int64_t task, int worker)
{
    ArmcOptim *optim = context;
    const Block *block = &optim->blocks[task];
    const ArmcParam *param = optim->graph->params[block->param];
    ArmcUpdate update = {
        .k = optim->kernels,
        .hyper = &optim->hyper,
        .rate = optim->rate,
        .step = optim->step,
        .n = block->count,
        .g = optim->gradient[block->param] + block->first,
        .w = param->data + block->first,
    };
    for (int s = 0; s < armc_optimizer_slots(optim->optimizer); s++)
        update.slot[s] = armc_optim_slot(optim, block->param, s) + block->first;
    if (param->decay && optim->hyper.decay > 0)
        update.g = decayed(optim, block, update.g, update.w, worker);
    optim->optimizer->step(&update);
}

/* Dead entries stay zero: their gradient, their slots and so their update are zero. */
void armc_optim_step(ArmcOptim *optim, const ArmcReal *const *gradient, double rate, uint64_t step)
{
    optim->gradient = gradient;
    optim->rate = rate;
    optim->step = step;
    armc_pool_run(optim->pool, optim->block_count, step_task, optim);
}
