/* How strongly the distribution of a variable depends on the other entries, measured: the gradient
 * of its log p with respect to the input, beside the field that the graph's reads tell. */
#ifndef ARMC_EXEC_FIELD_GRADIENT_H
#define ARMC_EXEC_FIELD_GRADIENT_H

#include "runtime/graph/op.h"

typedef struct ArmcFieldDraw {
    int64_t variable;      /* whose log p */
    uint64_t seed, number; /* of the draw */
    const ArmcKernels *kernels;
} ArmcFieldDraw;

/* Adds |d log p(variable) / d x[e]| to sum[e], (D), at random parameters and levels. A level is no
 * real number: where it is read as one-hot or by a table, the derivative is taken at the one-hot
 * vector and summed over the levels. By kernels of fixed order. The model stays as it is; memory is
 * `arena`'s. */
void armc_field_gradient(ArmcArena *arena, const ArmcGraph *model, const ArmcFieldDraw *draw,
                         double *sum);

#endif
