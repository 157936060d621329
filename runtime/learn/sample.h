/* Samples of a model. */
#ifndef ARMC_LEARN_SAMPLE_H
#define ARMC_LEARN_SAMPLE_H

#include "runtime/learn/net.h"

/* Draws n examples into out (n, D), variable after variable in the order of the model: each from
 * its distribution given those before it. By fixed-order kernels, so sample i is a pure function of
 * weights, seed, i and temperature, in whatever batch it is drawn. False when interrupted or after
 * diagnostics. */
bool armc_sample(ArmcSession *session, ArmcNet *net, int64_t n, double temperature,
                 const ArmcOrigin *origin, ArmcReal *out);

#endif
