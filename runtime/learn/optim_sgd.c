#include "runtime/learn/optim.h"

/* v = momentum v + g; w -= rate v */
static void step(const ArmcUpdate *u)
{
    ArmcReal *v = u->slot[0];
    u->k->scale(u->n, (ArmcReal)u->hyper->momentum, v, v);
    u->k->axpy(u->n, 1, u->g, v);
    u->k->axpy(u->n, (ArmcReal)-u->rate, v, u->w);
}

ARMC_OPTIMIZER(sgd) = {
    .name = "sgd",
    .doc = "stochastic gradient descent with momentum: v = momentum v + g; w -= lr v",
    .slots = {"v"},
    .step = step,
};
