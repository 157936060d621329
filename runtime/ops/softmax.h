#ifndef ARMC_OPS_SOFTMAX_H
#define ARMC_OPS_SOFTMAX_H

#include "runtime/kernels/kernels.h"

/* log of the sum of exp(x[i]), n >= 1; no overflow. */
ArmcReal armc_log_sum_exp(const ArmcKernels *k, int64_t n, const ArmcReal *x);
/* y = softmax of one row; y may be x. */
void armc_softmax_row(const ArmcKernels *k, int64_t n, const ArmcReal *x, ArmcReal *y);

#endif
