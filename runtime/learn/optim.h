/* Optimisers and the rates at which they step.
 *
 * To add an optimiser: one row ARMC_OPTIMIZER(name) = { ... } in a file of this folder, and its
 * name in the argument `optimizer` of the command train. */
#ifndef ARMC_LEARN_OPTIM_H
#define ARMC_LEARN_OPTIM_H

#include <stdbool.h>

#include "runtime/base/tasks.h"
#include "runtime/graph/graph.h"
#include "runtime/kernels/kernels.h"

enum { ARMC_OPTIM_SLOTS = 2, ARMC_OPTIM_BLOCK = 16384 };

typedef struct ArmcHyper {
    double lr, momentum, beta1, beta2, epsilon, decay;
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
    void (*step)(const ArmcUpdate *update);
} ArmcOptimizer;
#define ARMC_OPTIMIZER(name) const ArmcOptimizer armc_optimizer_##name
extern const ArmcOptimizer *const armc_optimizers[]; /* NULL-terminated */
const ArmcOptimizer *armc_optimizer_find(const char *name);
int armc_optimizer_slots(const ArmcOptimizer *optimizer);

/* The share of `lr` that step 0 <= step < steps takes. */
typedef struct ArmcSchedule {
    const char *name, *doc;
    double (*share)(uint64_t step, uint64_t steps);
} ArmcSchedule;
const ArmcSchedule *armc_schedule_find(const char *name);

/* The state of an optimiser for all parameters of a graph. Work is cut in blocks of fixed size, so
 * that the results are the same bits for any number of threads. */
typedef struct ArmcOptim ArmcOptim;
ArmcOptim *armc_optim_new(ArmcArena *arena, const ArmcGraph *graph, const ArmcOptimizer *optimizer,
                          const ArmcHyper *hyper, const ArmcKernels *kernels, ArmcPool *pool);
const ArmcOptimizer *armc_optim_row(const ArmcOptim *optim);
ArmcReal *armc_optim_slot(ArmcOptim *optim, size_t param, int slot);

/* The 2-norm of the whole gradient, gradient[i] being that of parameter i; not finite iff an entry
 * is not. */
double armc_optim_norm(ArmcOptim *optim, const ArmcReal *const *gradient);
void armc_optim_step(ArmcOptim *optim, const ArmcReal *const *gradient, double rate, uint64_t step);

#endif
