#ifndef ARMC_OPS_SOFTMAX_H
#define ARMC_OPS_SOFTMAX_H

#include "runtime/kernels/kernels.h"

/* log of the sum of exp(x[i]) is *m plus what is returned; *m is the largest of the n >= 1 numbers.
 * The two stay apart because a large *m would cost the small sum its digits. */
ArmcReal armc_log_sum_exp(const ArmcKernels *k, int64_t n, const ArmcReal *x, ArmcReal *m);
/* y = softmax of one row; y may be x. */
void armc_softmax_row(const ArmcKernels *k, int64_t n, const ArmcReal *x, ArmcReal *y);

#endif
