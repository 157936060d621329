#include "runtime/learn/optim.h"

enum { PIECE = 256 }; /* entries at a time: what is in between stays in the first cache */

/* v = rho v + (1 - rho) g²; w -= rate g / (sqrt(v) + epsilon) */
static void piece(const ArmcUpdate *u, int64_t n, const ArmcReal *g, ArmcReal *v, ArmcReal *w)
{
    ArmcReal t[PIECE], epsilon[PIECE];
    u->k->mul(n, g, g, t);
    u->k->scale(n, (ArmcReal)u->hyper->rho, v, v);
    u->k->axpy(n, (ArmcReal)(1 - u->hyper->rho), t, v);
    u->k->sqrt(n, v, t);
    u->k->fill(n, (ArmcReal)u->hyper->epsilon, epsilon);
    u->k->add(n, t, epsilon, t);
    u->k->div(n, g, t, t);
    u->k->axpy(n, (ArmcReal)-u->rate, t, w);
}

static void step(const ArmcUpdate *u)
{
    for (int64_t i = 0; i < u->n; i += PIECE)
        piece(u, u->n - i < PIECE ? u->n - i : PIECE, u->g + i, u->slot[0] + i, u->w + i);
}

ARMC_OPTIMIZER(rmsprop) = {
    .name = "rmsprop",
    .doc = "RMSprop (Tieleman and Hinton, 2012): v is a running mean of g²; w -= lr g / (sqrt(v) + "
           "epsilon)",
    .slots = {"v"},
    .takes = "rho epsilon",
    .step = step,
};
