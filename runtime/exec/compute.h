/* A graph computed node by node, every value kept: for single results, where nothing is repeated.
 */
#ifndef ARMC_EXEC_COMPUTE_H
#define ARMC_EXEC_COMPUTE_H

#include "runtime/graph/op.h"

typedef struct ArmcComputation {
    const ArmcGraph *graph;  /* its parameters have their data */
    const ArmcGraph *model;  /* the graph that it was made from, whose inputs it has */
    ArmcReal *const *inputs; /* (batch, size) of model->inputs[i] */
    int64_t batch;
    const ArmcKernels *kernels;
    bool exact; /* kernels of fixed order, no BLAS */
} ArmcComputation;

/* The entries of each value by id, (batch, size) where it is batched; in the arena. */
ArmcReal **armc_compute(ArmcArena *arena, const ArmcComputation *computation);

#endif
