/* Optimisers: how gradients become updates.
 *
 * To add an optimiser: one row ARMC_OPTIMIZER(name) = { ... } in a file of this folder, and its
 * name in the argument `optimizer` of the command train. */
#ifndef ARMC_LEARN_OPTIM_H
#define ARMC_LEARN_OPTIM_H

#include <stdbool.h>

#include "runtime/learn/blocks.h"

enum { ARMC_OPTIM_SLOTS = 2 };

typedef struct ArmcHyper {
    double lr, momentum, beta1, beta2, rho, epsilon, decay;
} ArmcHyper;

/* One block of a parameter: n entries. The optimiser changes w and its slots. */
typedef struct ArmcUpdate {
    const ArmcKernels *k;
    const ArmcHyper *hyper;
    double rate;   /* of this step */
    uint64_t step; /* from 1 */
    int64_t n;
    const ArmcReal *g;
    ArmcReal *w;
    ArmcReal *slot[ARMC_OPTIM_SLOTS];
} ArmcUpdate;

typedef struct ArmcOptimizer {
    const char *name, *doc;
    const char *slots[ARMC_OPTIM_SLOTS]; /* names of what is kept for each entry; NULL: none */
    const char *takes;                   /* its own arguments of `train`: "momentum rho" */
    bool decoupled; /* weight decay acts on the weights themselves, not through the gradient */
    void (*step)(const ArmcUpdate *update);
} ArmcOptimizer;
#define ARMC_OPTIMIZER(name) const ArmcOptimizer armc_optimizer_##name
extern const ArmcOptimizer *const armc_optimizers[]; /* NULL-terminated */
const ArmcOptimizer *armc_optimizer_find(const char *name);
int armc_optimizer_slots(const ArmcOptimizer *optimizer);

/* Adam's update, which adamw shares. */
void armc_optimizer_adam_step(const ArmcUpdate *update);

/* The state of an optimiser for all parameters of a graph. */
typedef struct ArmcOptim ArmcOptim;
ArmcOptim *armc_optim_new(ArmcArena *arena, const ArmcBlocks *blocks,
                          const ArmcOptimizer *optimizer, const ArmcHyper *hyper);
ArmcReal *armc_optim_slot(ArmcOptim *optim, size_t param, int slot);

/* One update. The gradient is gradient[i] of parameter i, times `scale` (1, or less where its norm
 * is clipped). */
typedef struct ArmcOptimStep {
    const ArmcReal *const *gradient;
    double scale, rate;
    uint64_t step; /* from 1 */
} ArmcOptimStep;
void armc_optim_step(ArmcOptim *optim, const ArmcOptimStep *step);

#endif
