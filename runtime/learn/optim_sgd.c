#include "runtime/learn/optim.h"

/* v = momentum v + g; w -= rate v */
static void sgd(const ArmcUpdate *u)
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
    .takes = "momentum",
    .step = sgd,
};

/* v = momentum v + g; w -= rate (g + momentum v). The weights that are kept are those at which the
 * gradient is taken: in the paper's letters theta + mu v. */
static void nesterov(const ArmcUpdate *u)
{
    ArmcReal *v = u->slot[0];
    u->k->scale(u->n, (ArmcReal)u->hyper->momentum, v, v);
    u->k->axpy(u->n, 1, u->g, v);
    u->k->axpy(u->n, (ArmcReal)-u->rate, u->g, u->w);
    u->k->axpy(u->n, (ArmcReal)(-u->rate * u->hyper->momentum), v, u->w);
}

ARMC_OPTIMIZER(nesterov) = {
    .name = "nesterov",
    .doc = "gradient descent with Nesterov's momentum (Sutskever et al., 2013): v = momentum v + "
           "g; w -= lr (g + momentum v)",
    .slots = {"v"},
    .takes = "momentum",
    .step = nesterov,
};
