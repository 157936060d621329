#include "runtime/learn/optim.h"

#include <string.h>

struct ArmcOptim {
    const ArmcBlocks *blocks;
    const ArmcOptimizer *optimizer;
    ArmcHyper hyper;
    ArmcReal **slots[ARMC_OPTIM_SLOTS]; /* of each parameter */
    const ArmcOptimStep *step;          /* under way */
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

ArmcOptim *armc_optim_new(ArmcArena *arena, const ArmcBlocks *blocks,
                          const ArmcOptimizer *optimizer, const ArmcHyper *hyper)
{
    ArmcOptim *optim = ARMC_NEW(arena, ArmcOptim);
    *optim = (ArmcOptim){.blocks = blocks, .optimizer = optimizer, .hyper = *hyper};
    for (int s = 0; s < armc_optimizer_slots(optimizer); s++)
        optim->slots[s] = armc_blocks_arrays(arena, blocks);
    return optim;
}

ArmcReal *armc_optim_slot(ArmcOptim *optim, size_t param, int slot)
{
    return optim->slots[slot][param];
}

/* scale g + decay w in the worker's scratch: decay w is the gradient of the penalty decay/2 |w|².
 */
static void mix_gradient(const ArmcOptim *optim, ArmcUpdate *u, double decay, ArmcReal *mixed)
{
    if (optim->step->scale == 1)
        memcpy(mixed, u->g, (size_t)u->n * sizeof *mixed);
    else
        u->k->scale(u->n, (ArmcReal)optim->step->scale, u->g, mixed);
    if (decay > 0)
        u->k->axpy(u->n, (ArmcReal)decay, u->w, mixed);
    u->g = mixed;
}

static void step_task(void *context, int64_t task, int worker)
{
    ArmcOptim *optim = context;
    const ArmcBlock *block = &optim->blocks->items[task];
    const ArmcParam *param = optim->blocks->graph->params[block->param];
    ArmcUpdate update = {
        .k = optim->blocks->kernels,
        .hyper = &optim->hyper,
        .rate = optim->step->rate,
        .step = optim->step->step,
        .n = block->count,
        .g = optim->step->gradient[block->param] + block->first,
        .w = param->data + block->first,
    };
    for (int s = 0; s < armc_optimizer_slots(optim->optimizer); s++)
        update.slot[s] = armc_optim_slot(optim, block->param, s) + block->first;
    double decay = param->decay ? optim->hyper.decay : 0;
    bool decoupled = optim->optimizer->decoupled;
    if (optim->step->scale != 1 || (decay > 0 && !decoupled))
        mix_gradient(optim, &update, decoupled ? 0 : decay,
                     armc_blocks_scratch(optim->blocks, worker));
    if (decay > 0 && decoupled)
        update.k->axpy(update.n, (ArmcReal)(-update.rate * decay), update.w, update.w);
    optim->optimizer->step(&update);
}

/* Dead entries stay zero: their gradient, their slots and so their update are zero. */
void armc_optim_step(ArmcOptim *optim, const ArmcOptimStep *step)
{
    optim->step = step;
    armc_pool_run(optim->blocks->pool, optim->blocks->count, step_task, optim);
    optim->step = NULL;
}
