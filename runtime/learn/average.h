/* A running mean of the weights, for evaluating and sampling (Polyak and Juditsky, 1992; with the
 * bias correction of Kingma and Ba, 2015, section 7.2): after n updates it is
 *     sum over t of decay^(n-t) w_t / sum over t of decay^(n-t). */
#ifndef ARMC_LEARN_AVERAGE_H
#define ARMC_LEARN_AVERAGE_H

#include "runtime/learn/blocks.h"

typedef struct ArmcAverage ArmcAverage;
ArmcAverage *armc_average_new(ArmcArena *arena, const ArmcBlocks *blocks, double decay);
/* Takes in the weights after update `step`, from 1. */
void armc_average_take(ArmcAverage *average, uint64_t step);
ArmcReal *armc_average_get(ArmcAverage *average, size_t param);
/* The graph's parameters and the mean change places: done twice, all is as before. */
void armc_average_swap(ArmcAverage *average);

#endif
