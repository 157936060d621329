/* Softmax and log-sum-exp of rows, for the ops that rest on them. Rows of a few numbers go through
 * exp together, as many as fit; each row's bits are the same whatever it shares a call with. */
#ifndef ARMC_OPS_SOFTMAX_H
#define ARMC_OPS_SOFTMAX_H

#include "runtime/ops/family.h"

/* Rows of n >= 1 numbers, `step` apart. */
typedef struct ArmcLogits {
    int64_t rows, n;
    const ArmcReal *x;
    int64_t step;
} ArmcLogits;

/* Of an op's first input. */
ArmcLogits armc_logits_of(const ArmcRows *rows);

enum { ARMC_LOGITS_ROWS = 64 };

/* For each of ARMC_LOGITS_ROWS rows at most: log of the sum of exp(x[i]) is m plus log_sum; m is
 * the largest number. The two stay apart because a large m would cost the small sum its digits. */
void armc_log_sum_exp(const ArmcKernels *k, const ArmcLogits *logits, ArmcReal *m,
                      ArmcReal *log_sum);
/* y = softmax of each row; y may be x. */
void armc_softmax(const ArmcKernels *k, const ArmcLogits *logits, ArmcReal *y, int64_t y_step);
/* Some of the rows from `first` on. */
ArmcLogits armc_logits_part(const ArmcLogits *logits, int64_t first, int64_t rows);

#endif
