#include "runtime/learn/optim.h"

#include <math.h>

/* x^n by squaring: the same bits on every machine, unlike pow. */
static double power(double x, uint64_t n)
{
    double result = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1)
            result *= x;
    return result;
}

/* The bias corrections c1, c2 of m and v go into rate and epsilon:
 * (m/c1) / (sqrt(v/c2) + e) = (sqrt(c2)/c1) m / (sqrt(v) + e sqrt(c2)). */
static void step(const ArmcUpdate *u)
{
    const ArmcHyper *h = u->hyper;
    double c1 = 1 - power(h->beta1, u->step);
    double root = sqrt(1 - power(h->beta2, u->step));
    u->k->adam(u->n, (ArmcReal)(u->rate * root / c1), (ArmcReal)h->beta1, (ArmcReal)h->beta2,
               (ArmcReal)(h->epsilon * root), u->g, u->slot[0], u->slot[1], u->w);
}

ARMC_OPTIMIZER(adam) = {
    .name = "adam",
    .doc =
        "Adam (Kingma and Ba, 2015) with bias correction: m and v are running means of g and g²; "
        "w -= lr m / (sqrt(v) + epsilon)",
    .slots = {"m", "v"},
    .step = step,
};
