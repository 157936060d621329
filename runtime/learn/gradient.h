/* What happens to a gradient before the update: minibatches are added up, and its norm decides
 * whether it is clipped or the step skipped. */
#ifndef ARMC_LEARN_GRADIENT_H
#define ARMC_LEARN_GRADIENT_H

#include <stdbool.h>

#include "runtime/learn/blocks.h"

typedef struct ArmcGradient ArmcGradient;
/* `each` are the gradients of the parameters as a program leaves them. With `adds` they are added
 * up, in arrays of its own. */
ArmcGradient *armc_gradient_new(ArmcArena *arena, const ArmcBlocks *blocks,
                                const ArmcReal *const *each, bool adds);
/* From here on the gradients lie there: those of another program of the same parameters. */
void armc_gradient_follow(ArmcGradient *gradient, const ArmcReal *const *each);
/* Takes in what the program found for one minibatch: the sum becomes sum + weight each; at the
 * first minibatch of a step it starts at zero. Without `adds` there is one minibatch, of weight 1.
 */
void armc_gradient_take(ArmcGradient *gradient, double weight, bool is_first);
/* Of each parameter, after the last minibatch. */
const ArmcReal *const *armc_gradient_get(const ArmcGradient *gradient);
/* The 2-norm of the whole gradient; not finite iff an entry is not. */
double armc_gradient_norm(ArmcGradient *gradient);

/* The factor that brings a gradient to at most this norm; clip 0: no limit. */
double armc_gradient_clip(double norm, double clip);

/* A running mean of norms: over all so far, later over about the last hundred. */
typedef struct ArmcNormMean {
    uint64_t count;
    double mean;
} ArmcNormMean;
/* Is the norm above `factor` times the mean of those before (0: never)? Then it counts as no more
 * than that, so that a lasting rise is followed. The first ten are never huge. */
bool armc_norm_is_huge(ArmcNormMean *norms, double norm, double factor);

#endif
