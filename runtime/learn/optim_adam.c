#include "runtime/learn/optim.h"

#include <math.h>

#include "runtime/learn/power.h"

/* The bias corrections c1, c2 of m and v go into rate and epsilon:
 * (m/c1) / (sqrt(v/c2) + e) = (sqrt(c2)/c1) m / (sqrt(v) + e sqrt(c2)). */
void armc_optimizer_adam_step(const ArmcUpdate *u)
{
    const ArmcHyper *h = u->hyper;
    double c1 = 1 - armc_power_whole(h->beta1, u->step);
    double root = sqrt(1 - armc_power_whole(h->beta2, u->step));
    u->k->adam(u->n, (ArmcReal)(u->rate * root / c1), (ArmcReal)h->beta1, (ArmcReal)h->beta2,
               (ArmcReal)(h->epsilon * root), u->g, u->slot[0], u->slot[1], u->w);
}

ARMC_OPTIMIZER(adam) = {
    .name = "adam",
    .doc =
        "Adam (Kingma and Ba, 2015) with bias correction: m and v are running means of g and g²; "
        "w -= lr m / (sqrt(v) + epsilon)",
    .slots = {"m", "v"},
    .takes = "beta1 beta2 epsilon",
    .step = armc_optimizer_adam_step,
};

ARMC_OPTIMIZER(adamw) = {
    .name = "adamw",
    .doc = "Adam with decoupled weight decay (Loshchilov and Hutter, 2019): before Adam's update, "
           "w -= lr decay w",
    .slots = {"m", "v"},
    .takes = "beta1 beta2 epsilon",
    .decoupled = true,
    .step = armc_optimizer_adam_step,
};
